// The recordings of the workflow that sends postbacks again, to be replayed like those of leads.
import type { WorkflowHandle } from '@temporalio/client';
import type { ReplayCounts, ReplayState } from '../../src/domain/postbacks/replay.ts';
import { tellReplay } from '../../src/temporal/tell-replay.ts';
import { replayWorkflowId, wakeJob } from '../../workflows/contract.ts';
import type { ReplayActivities } from '../../workflows/long-jobs.ts';
import { recordJob, type Recorder } from './record-job.ts';

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
export async function recordReplays(recorder: Recorder): Promise<void> {
  for (const name of replayNames) await record(name, recorder);
}

async function record(name: keyof typeof recordings, recorder: Recorder): Promise<void> {
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
  await recordJob(recorder, {
    ...{ name, workflowId: replayWorkflowId(name), activities },
    start: () => tellReplay(recorder.client, { id: name, partnerId: 'abcdefghigk', postbackId: null, total: 3 }),
    pause: onPause && { hasPaused: () => hasPaused, then: onPause },
  });
}

function countsIn(state: ReplayState): ReplayCounts {
  return { state, total: 3, delivered: state === 'done' ? 3 : 1, refused: 0, skipped: 0 };
}
