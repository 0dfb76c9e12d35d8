// The recordings of the runs that the Schedules of pulls start, to be replayed like those of leads.
import { ApplicationFailure } from '@temporalio/common';
import { EXPORT_NOT_FETCHED, JOB_TASK_QUEUE, PULL_WORKFLOW } from '../../workflows/contract.ts';
import type { PullActivities, PullInput, PullOutcome } from '../../workflows/long-jobs.ts';
import { recordJob, type Recorder } from './record-job.ts';

/** How its attempts end, one after the other; null: there is nothing at the URL. */
type Attempts = (Awaited<ReturnType<PullActivities['fetchExport']>> | null)[];

const NOTHING = { importId: null, bytes: null };
const FAILED: PullOutcome = { ...NOTHING, result: 'failed', message: 'There is no export at this URL (404).' };

const recordings = {
  'pull-imported': [{ result: 'imported', importId: 'import-1', bytes: 18_403, message: null }],
  'pull-skipped': [{ ...NOTHING, result: 'skipped', message: 'A paused import must be resumed or cancelled first.' }],
  'pull-failed': [null],
  'pull-left-by-a-worker': [
    { result: 'left', failedAttempts: 0 },
    { result: 'imported', importId: 'import-1', bytes: 18_403, message: null },
  ],
} satisfies Record<string, Attempts>;

/** What they are called; each is a file. */
export const pullNames = Object.keys(recordings) as (keyof typeof recordings)[];

/** Records all of them. */
export async function recordPulls(recorder: Recorder): Promise<void> {
  for (const name of pullNames) {
    const left: Attempts = [...recordings[name]];
    const start = { workflowId: name, taskQueue: JOB_TASK_QUEUE };
    await recordJob(recorder, {
      name,
      workflowId: name,
      activities: {
        async fetchExport() {
          const outcome = left.shift();
          if (outcome) return outcome;
          throw ApplicationFailure.nonRetryable('There is no export at this URL (404).', EXPORT_NOT_FETCHED);
        },
        giveUpPull: () => Promise.resolve(FAILED),
      },
      start: () =>
        recorder.client.workflow.start(PULL_WORKFLOW, {
          ...start,
          args: [{ advertiserId: 'first-bank' } satisfies PullInput],
        }),
    });
  }
}
