// The recordings of the runs that the Schedule of retention starts, to be replayed like those of leads.
import { ApplicationFailure } from '@temporalio/common';
import { JOB_TASK_QUEUE, RETENTION_WORKFLOW } from '../../workflows/contract.ts';
import type { LeftRetention, RetentionKind } from '../../workflows/long-jobs.ts';
import { recordJob, type Recorder } from './record-job.ts';

const recordings = {
  'retention-done': {},
  'retention-one-kind-failed': { fails: 'bot_visits' },
  'retention-left-by-a-worker': { left: 'bot_visits' },
} satisfies Record<string, Course>;

/** What fails, and what the first worker leaves. */
type Course = { fails?: RetentionKind; left?: RetentionKind };

const LEFT: LeftRetention = { dropped: 2, isLeft: true, failedAttempts: 0 };

/** What they are called; each is a file. */
export const retentionNames = Object.keys(recordings) as (keyof typeof recordings)[];

/** Records all of them. */
export async function recordRetention(recorder: Recorder): Promise<void> {
  for (const name of retentionNames) {
    const { fails, left }: Course = recordings[name];
    const leaving = new Set([left]);
    const start = { workflowId: name, taskQueue: JOB_TASK_QUEUE };
    await recordJob(recorder, {
      name,
      workflowId: name,
      activities: {
        async dropExpired({ kind }) {
          if (leaving.delete(kind)) return LEFT;
          if (kind === fails) throw ApplicationFailure.nonRetryable('It cannot be dropped.');
          return kind === 'touches' ? null : { dropped: 3 };
        },
      },
      start: () => recorder.client.workflow.start(RETENTION_WORKFLOW, start),
    });
  }
}
