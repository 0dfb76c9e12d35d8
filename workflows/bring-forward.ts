import {
  CancellationScope,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { wakeJob } from './contract.ts';

/** A long job whose truth is a row in Postgres: how far it is, and what is asked of it. */
export type LongJob<Counts extends { state: string }> = {
  /** Works for a while; null when Postgres does not have the job. */
  doBatch: () => Promise<Counts | null>;
  /** Changes nothing when the job has ended. */
  cancel: () => Promise<void>;
  hasEnded: (state: Counts['state']) => boolean;
  /** What ops see of it, after each batch: details in Markdown, and what else the workflow shows. */
  show: (counts: Counts) => string;
};

/**
 * Brings a long job forward, a while at a time, until nothing is left or it is cancelled, whatever dies meanwhile.
 * A cancellation asked for in the Web UI cancels the job, as its owner could.
 *
 * @param input what a continued run begins with
 */
export async function bringForward<Counts extends { state: string }>(
  input: object,
  { doBatch, cancel, hasEnded, show }: LongJob<Counts>,
): Promise<Counts | { state: 'lost' }> {
  let isWoken = false;
  const wake = () => void (isWoken = true);
  setHandler(wakeJob, wake);
  const cancelling = cancelWhenAsked(cancel, wake);

  return await CancellationScope.nonCancellable(async () => {
    for (;;) {
      isWoken = false;
      const counts = await doBatch();
      if (!counts) return { state: 'lost' };
      setCurrentDetails(show(counts));
      // One that was woken meanwhile may have been begun anew since it ended.
      if (hasEnded(counts.state) && !isWoken) return counts;
      await cancelling.done();
      // The next run looks at once, so that it need not be told again.
      if (workflowInfo().continueAsNewSuggested) await continueAsNew(input);
      // No timer: a pause may last for weeks.
      if (counts.state === 'paused') await condition(() => isWoken);
    }
  });
}

function cancelWhenAsked(cancel: () => Promise<void>, wake: () => void): { done(): Promise<void> } {
  let cancelling: Promise<void> | undefined;
  CancellationScope.current().cancelRequested.catch(() => {
    cancelling = CancellationScope.nonCancellable(cancel).then(wake);
  });
  return { done: async () => await cancelling };
}
