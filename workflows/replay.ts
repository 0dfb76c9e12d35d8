import {
  CancellationScope,
  condition,
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { hasReplayEnded, type ReplayCounts } from '../src/domain/postbacks/replay.ts';
import { wakeReplay, type ReplayActivities, type ReplayInput, type ReplayOutcome } from './contract.ts';

// A worker that is killed is missed after the heartbeat's time. Nothing is sent twice when that comes too soon, except
// what was under way: whoever goes on takes the replay over.
const { replayBatch } = proxyActivities<ReplayActivities>({
  startToCloseTimeout: '60s',
  heartbeatTimeout: '6s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
});
// Not behind other replays, which may take all places for activities.
const { cancelReplay } = proxyLocalActivities<ReplayActivities>({ startToCloseTimeout: '5s' });

/**
 * One replay: sends a partner's postbacks again, a while at a time, until nothing is left or it is cancelled. How far it
 * is, and what its partner asks for, stands in Postgres; this brings it forward whatever dies meanwhile.
 *
 * A cancellation asked for in the Web UI cancels the replay, as its partner could. One that is terminated is started anew
 * after some minutes.
 */
export async function replay(input: ReplayInput): Promise<ReplayOutcome> {
  let isWoken = false;
  const wake = () => void (isWoken = true);
  setHandler(wakeReplay, wake);
  const cancelling = cancelWhenAsked(input, wake);

  return await CancellationScope.nonCancellable(async () => {
    for (;;) {
      isWoken = false;
      const summary = `replay → partner ${input.partnerId}`;
      const counts = await replayBatch.executeWithOptions({ summary }, [input]);
      if (!counts) return { state: 'lost' };
      setCurrentDetails(describe(input, counts));
      if (hasReplayEnded(counts.state)) return counts;
      await cancelling.done();
      // The next run looks at once, so that it need not be told again.
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof replay>(input);
      // No timer: a pause may last for weeks.
      if (counts.state === 'paused') await condition(() => isWoken);
    }
  });
}

function cancelWhenAsked(input: ReplayInput, wake: () => void): { done(): Promise<void> } {
  let cancelling: Promise<void> | undefined;
  CancellationScope.current().cancelRequested.catch(() => {
    cancelling = CancellationScope.nonCancellable(() => cancelReplay(input)).then(wake);
  });
  return { done: async () => await cancelling };
}

/** Markdown for ops who read only the Web UI. */
function describe({ partnerId }: ReplayInput, { state, total, delivered, refused, skipped }: ReplayCounts): string {
  const dealtWith = delivered + refused + skipped;
  return [
    `Replay for partner \`${partnerId}\`: **${state}**, ${dealtWith} of ${total} postbacks dealt with.`,
    '',
    `- ${delivered} delivered`,
    `- ${refused} refused by the partner`,
    `- ${skipped} not sent: overtaken by a newer status, switched off, or sent by somebody else meanwhile`,
  ].join('\n');
}
