import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { PullActivities, PullInput, PullOutcome, PullRun } from './long-jobs.ts';

// What fails so often is left to the next pull.
const ATTEMPTS = 3;
const RETRY = { initialInterval: '20s', backoffCoefficient: 3 } as const;

// A worker that is killed is missed after the heartbeat's time; the next attempt begins the file anew. The activity itself
// ends a file that takes too long, long before the time here.
const { fetchExport } = proxyActivities<PullActivities>({ startToCloseTimeout: '30m', heartbeatTimeout: '10s' });
const { giveUpPull } = proxyActivities<PullActivities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
});

/**
 * One run of the Schedule of an advertiser's pulls: fetches its export and hands it over as an import, which has a workflow
 * of its own. One that brings nothing for a reason fails in the end, for people to see; the Schedule goes on.
 */
export async function pull({ advertiserId }: PullInput): Promise<PullOutcome> {
  const run = { advertiserId, runId: workflowInfo().firstExecutionRunId };
  const outcome = await fetchOrGiveUp(run);
  setCurrentDetails(describe(advertiserId, outcome));
  if (outcome.result === 'failed') throw ApplicationFailure.nonRetryable(outcome.message, 'PullFailed');
  return outcome;
}

async function fetchOrGiveUp(run: PullRun): Promise<PullOutcome> {
  try {
    return await fetchUnlessLeft(run);
  } catch (error) {
    const why = isCancellation(error) ? 'cancelled' : 'interrupted';
    return await CancellationScope.nonCancellable(() => giveUpPull({ ...run, why }));
  }
}

/** A worker that is stopped leaves the file; that is no failure, however many are stopped. */
async function fetchUnlessLeft(run: PullRun): Promise<PullOutcome> {
  const summary = `← advertiser ${run.advertiserId}`;
  for (let attempts = ATTEMPTS; ;) {
    const retry = { ...RETRY, maximumAttempts: attempts };
    const fetched = await fetchExport.executeWithOptions({ summary, retry }, [{ ...run, mayLeave: true }]);
    if (fetched.result !== 'left') return fetched;
    attempts = Math.max(1, attempts - fetched.failedAttempts);
  }
}

/** Markdown for ops who read only the Web UI. */
function describe(advertiserId: string, { result, importId, bytes, message }: PullOutcome): string {
  return [
    `Export of advertiser \`${advertiserId}\`: **${result}**.`,
    '',
    ...(importId === null ? [] : [`- goes on as \`import:${importId}\``]),
    ...(bytes === null ? [] : [`- ${bytes} bytes`]),
    ...(message === null ? [] : ['', message]),
  ].join('\n');
}
