import type { WorkerOptions, WorkflowBundleOption } from '@temporalio/worker';
import { REPLAY_TASK_QUEUE, type ReplayActivities } from '../../workflows/contract.ts';

export type ReplayWorkerOptions = Pick<WorkerOptions, 'connection' | 'namespace' | 'identity' | 'shutdownGraceTime'> & {
  workflowBundle: WorkflowBundleOption;
  activities: ReplayActivities;
  /** How many replays it brings forward at the same time; the others take turns with them. */
  concurrentReplays: number;
};

// A replay has one task for each of its batches: what is not remembered is read again soon enough.
const CACHED_WORKFLOWS = 50;
// Otherwise the SDK tells Temporal only after most of the time in which it must be told.
const HEARTBEAT_INTERVAL = '1s';

/** The worker that replays need, for their steps and for what they send. */
export function replayWorker({ concurrentReplays, ...options }: ReplayWorkerOptions): WorkerOptions {
  return {
    ...options,
    taskQueue: REPLAY_TASK_QUEUE,
    maxCachedWorkflows: CACHED_WORKFLOWS,
    maxConcurrentActivityTaskExecutions: concurrentReplays,
    maxHeartbeatThrottleInterval: HEARTBEAT_INTERVAL,
  };
}
