import type { WorkerOptions, WorkflowBundleOption } from '@temporalio/worker';
import { JOB_TASK_QUEUE } from '../../workflows/contract.ts';
import type { JobActivities } from '../../workflows/long-jobs.ts';

export type JobWorkerOptions = Pick<WorkerOptions, 'connection' | 'namespace' | 'identity' | 'shutdownGraceTime'> & {
  workflowBundle: WorkflowBundleOption;
  activities: Partial<JobActivities>;
  /** How many jobs it brings forward at the same time; the others take turns with them. */
  concurrentJobs: number;
};

// A job has one task for each of its batches: what is not remembered is read again soon enough.
const CACHED_WORKFLOWS = 50;
// So long a step waits for the worker that remembers the job, which may be dead.
const STICKY_TIMEOUT = '2s';
// Otherwise the SDK tells Temporal only after most of the time in which it must be told.
const HEARTBEAT_INTERVAL = '1s';

/** The worker that replays and imports need, for their steps and for what they do. */
export function jobWorker({ concurrentJobs, ...options }: JobWorkerOptions): WorkerOptions {
  return {
    ...options,
    taskQueue: JOB_TASK_QUEUE,
    maxCachedWorkflows: CACHED_WORKFLOWS,
    maxConcurrentActivityTaskExecutions: concurrentJobs,
    maxHeartbeatThrottleInterval: HEARTBEAT_INTERVAL,
    stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
  };
}
