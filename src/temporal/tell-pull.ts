import type { Client } from '@temporalio/client';
import { JOB_TASK_QUEUE, PULL_WORKFLOW, pullScheduleId, searchAttributeKeys } from '../../workflows/contract.ts';
import type { PullInput } from '../../workflows/long-jobs.ts';
import type { JobToTell } from '../db/jobs/job-tells.ts';
import type { PullScheduleFacts } from '../db/pulls/pull-tells.ts';
import { deleteSchedule, ensureSchedule, runScheduleNow } from './schedules.ts';

const MINUTE_MS = 60_000;
// A tenth of the interval at most, so that not all exports are fetched on the hour.
const JITTER_SHARE = 10;
const MOST_JITTER_MS = 5 * MINUTE_MS;

/** Brings the Schedule of an advertiser's pulls into line with its settings, and starts a pull where one is asked for. */
export async function tellPull(
  client: Client,
  { id: advertiserId, everyMinutes, state, runAskedAt }: Omit<JobToTell<PullScheduleFacts>, 'claim'>,
): Promise<void> {
  const scheduleId = pullScheduleId(advertiserId);
  if (everyMinutes === null) return await deleteSchedule(client, scheduleId);
  const everyMs = everyMinutes * MINUTE_MS;
  await ensureSchedule(client, {
    scheduleId,
    workflowType: PULL_WORKFLOW,
    workflowId: scheduleId,
    taskQueue: JOB_TASK_QUEUE,
    args: [{ advertiserId } satisfies PullInput],
    everyMs,
    jitterMs: Math.min(everyMs / JITTER_SHARE, MOST_JITTER_MS),
    isPaused: state === 'paused',
    typedSearchAttributes: [{ key: searchAttributeKeys.advertisers, value: [advertiserId] }],
    summary: `pull ← advertiser ${advertiserId}`,
  });
  if (runAskedAt !== null) await runScheduleNow(client, scheduleId);
}
