// How a workflow of the jobs' queue is recorded, with activities that answer as the recording says.
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { jobWorker } from '../../src/temporal/job-worker.ts';
import { createWorkers } from '../../src/temporal/workers.ts';
import type { JobActivities } from '../../workflows/long-jobs.ts';
import { eventually } from '../support/eventually.ts';
import { testBundle } from '../support/temporal/bundle.ts';
import { writeHistory } from './write-history.ts';

export type Recorder = { client: Client; connection: NativeConnection };

export type JobRecording = {
  /** Also that of its file. */
  name: string;
  workflowId: string;
  activities: Partial<JobActivities>;
  start: () => Promise<unknown>;
  /** What is done to it when it has paused. */
  pause?: { hasPaused: () => boolean; then: (handle: WorkflowHandle) => Promise<unknown> } | undefined;
};

/** Records one run from its start to its end, be that a failure. */
export async function recordJob(
  { client, connection }: Recorder,
  { name, workflowId, activities, start, pause }: JobRecording,
): Promise<void> {
  const options = { connection, activities, workflowBundle: await testBundle(), identity: 'worker' };
  const workers = await createWorkers([jobWorker({ ...options, concurrentJobs: 1 })]);
  const working = workers.run();
  await start();
  const handle = client.workflow.getHandle(workflowId);
  if (pause) {
    await eventually(() => {
      if (!pause.hasPaused()) throw new Error('It did not pause in time.');
    });
    await pause.then(handle);
  }
  await Promise.allSettled([handle.result()]);
  workers.shutdown();
  await working;
  await writeHistory(client, { name, workflowId });
}
