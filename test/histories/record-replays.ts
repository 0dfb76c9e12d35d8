// The recordings of the workflow that sends postbacks again, to be replayed like those of leads.
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { ReplayCounts, ReplayState } from '../../src/domain/postbacks/replay.ts';
import { jobWorker } from '../../src/temporal/job-worker.ts';
import { tellReplay } from '../../src/temporal/tell-replay.ts';
import { createWorkers } from '../../src/temporal/workers.ts';
import { replayWorkflowId, wakeJob, type ReplayActivities } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { testBundle } from '../support/temporal/bundle.ts';
import { writeHistory } from './write-history.ts';

type Recording = {
  /** How its batches end, one after the other. */
  states: ReplayState[];
  /** What is done to it when it has paused. */
  onPause?: (handle: WorkflowHandle) => Promise<unknown>;
};

const recordings = {
  'replay-done': { states: ['running', 'running', 'done'] },
  'replay-paused-and-resumed': {
    states: ['running', 'paused', 'done'],
    onPause: (handle) => handle.signal(wakeJob),
  },
  'replay-cancelled-by-hand': { states: ['paused', 'cancelled'], onPause: (handle) => handle.cancel() },
} satisfies Record<string, Recording>;

/** What they are called; each is a file. */
export const replayNames = Object.keys(recordings) as (keyof typeof recordings)[];

/** Records all of them. */
export async function recordReplays(client: Client, connection: NativeConnection): Promise<void> {
  for (const name of replayNames) await record(name, { client, connection });
}

async function record(
  name: keyof typeof recordings,
  { client, connection }: { client: Client; connection: NativeConnection },
): Promise<void> {
  const { states, onPause }: Recording = recordings[name];
  const left = [...states];
  let hasPaused = false;
  const activities: ReplayActivities = {
    async replayBatch() {
      const state = left.shift() ?? 'done';
      hasPaused ||= state === 'paused';
      return countsIn(state);
    },
    cancelReplay: () => Promise.resolve(),
  };
  const options = { connection, activities, workflowBundle: await testBundle(), identity: 'worker' };
  const workers = await createWorkers([jobWorker({ ...options, concurrentJobs: 1 })]);
  const working = workers.run();
  await tellReplay(client, { id: name, partnerId: 'abcdefghigk', postbackId: null, total: 3 });
  const handle = client.workflow.getHandle(replayWorkflowId(name));
  if (onPause) {
    await eventually(() => {
      if (!hasPaused) throw new Error('It did not pause in time.');
    });
    await onPause(handle);
  }
  await handle.result();
  workers.shutdown();
  await working;
  await writeHistory(client, { name, workflowId: handle.workflowId });
}

function countsIn(state: ReplayState): ReplayCounts {
  return { state, total: 3, delivered: state === 'done' ? 3 : 1, refused: 0, skipped: 0 };
}
