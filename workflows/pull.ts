import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { type PullActivities, type PullInput, type PullOutcome, type PullRun } from './contract.ts';

// A worker that is killed is missed after the heartbeat's time; the next attempt begins the file anew. What fails three
// times is left to the next pull. The activity itself ends a file that takes too long, long before the time here.
const { fetchExport } = proxyActivities<PullActivities>({
  startToCloseTimeout: '30m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '20s', backoffCoefficient: 3, maximumAttempts: 3 },
});
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
  const summary = `← advertiser ${run.advertiserId}`;
  try {
    return await fetchExport.executeWithOptions({ summary }, [run]);
  } catch (error) {
    const why = isCancellation(error) ? 'cancelled' : 'interrupted';
    return await CancellationScope.nonCancellable(() => giveUpPull({ ...run, why }));
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
