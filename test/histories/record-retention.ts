// The recordings of the runs that the Schedule of retention starts, to be replayed like those of leads.
import { ApplicationFailure } from '@temporalio/common';
import { JOB_TASK_QUEUE, RETENTION_WORKFLOW, type RetentionKind } from '../../workflows/contract.ts';
import { recordJob, type Recorder } from './record-job.ts';

const recordings = {
  'retention-done': {},
  'retention-one-kind-failed': { fails: 'bot_visits' },
} satisfies Record<string, { fails?: RetentionKind }>;

/** What they are called; each is a file. */
export const retentionNames = Object.keys(recordings) as (keyof typeof recordings)[];

/** Records all of them. */
export async function recordRetention(recorder: Recorder): Promise<void> {
  for (const name of retentionNames) {
    const { fails }: { fails?: RetentionKind } = recordings[name];
    const start = { workflowId: name, taskQueue: JOB_TASK_QUEUE };
    await recordJob(recorder, {
      name,
      workflowId: name,
      activities: {
        async dropExpired({ kind }) {
          if (kind === fails) throw ApplicationFailure.nonRetryable('It cannot be dropped.');
          return kind === 'touches' ? null : { dropped: 3 };
        },
      },
      start: () => recorder.client.workflow.start(RETENTION_WORKFLOW, start),
    });
  }
}
