import type { NativeConnection, WorkerOptions, WorkflowBundleOption } from '@temporalio/worker';
import { TASK_QUEUE, type LeadActivities } from '../../workflows/contract.ts';
import type { JobActivities } from '../../workflows/long-jobs.ts';
import { keepTrying } from '../keep-trying.ts';
import type { Log } from '../log.ts';
import { pauseUnlessAborted } from '../pause.ts';
import { connectWorkerToTemporal, NamespaceMissingError } from './connect.ts';
import { jobWorker } from './job-worker.ts';
import { leadWorkers, type WorkerLimits } from './lead-workers.ts';
import type { TemporalTarget } from './target.ts';
import { createWorkers, type Workers } from './workers.ts';

export type WorkerDeps = {
  target: TemporalTarget;
  activities: LeadActivities;
  jobs: { activities: JobActivities; concurrentJobs: number };
  workflowBundle: WorkflowBundleOption;
  limits: WorkerLimits;
  log: Log;
};

export type RunningWorker = {
  /** False until Temporal has been reached. One that runs may have lost it again since: see check.ts. */
  isRunning(): boolean;
  /** Takes no new work and finishes the running attempts. */
  stop(): Promise<void>;
};

// Over the 10 s that an attempt may take: a stopping worker lets it end.
const SHUTDOWN_GRACE = '15s';
const RECONNECT_MS = 1000;

/** Runs the workflows and activities of leads and of long jobs; waits for Temporal for as long as it is away. */
export function startWorker(deps: WorkerDeps): RunningWorker {
  const stopping = new AbortController();
  let workers: Workers | undefined;
  const running = run();

  return {
    isRunning: () => workers?.areRunning() ?? false,
    async stop() {
      stopping.abort();
      workers?.shutdown();
      // While it still looks for Temporal there is no work to finish, and the look may take long.
      if (workers) await running;
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const connection = await connect();
      if (!connection) return;
      try {
        workers = await createWorkers(optionsOf(deps, connection));
        await runUntilStopped(workers);
      } catch (error) {
        deps.log.error({ err: error }, 'The worker stopped unexpectedly; it is started again.');
        await pauseUnlessAborted(RECONNECT_MS, stopping.signal);
      } finally {
        workers = undefined;
        await connection.close();
      }
    }
  }

  async function runUntilStopped(created: Workers): Promise<void> {
    const ended = created.run();
    // One that never ran would keep its connection from being closed.
    if (stopping.signal.aborted) created.shutdown();
    await ended;
  }

  async function connect(): Promise<NativeConnection | undefined> {
    return await keepTrying(() => connectWorkerToTemporal(deps.target), {
      signal: stopping.signal,
      firstPauseMs: RECONNECT_MS,
      longestPauseMs: RECONNECT_MS,
      onFailure: warnUnconnected,
    });
  }

  function warnUnconnected(err: unknown): void {
    if (err instanceof NamespaceMissingError) deps.log.error(err.message);
    else deps.log.warn({ err }, 'The worker cannot reach Temporal; it tries again.');
  }
}

/** All on one connection. */
function optionsOf(deps: WorkerDeps, connection: NativeConnection): WorkerOptions[] {
  const { target, activities, jobs, workflowBundle, limits } = deps;
  const { namespace } = target;
  const shared = { connection, namespace, workflowBundle, shutdownGraceTime: SHUTDOWN_GRACE };
  return [...leadWorkers({ ...shared, taskQueue: TASK_QUEUE, activities, limits }), jobWorker({ ...shared, ...jobs })];
}
