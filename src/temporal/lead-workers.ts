import { Worker, type WorkerOptions, type WorkflowBundleOption } from '@temporalio/worker';
import { databaseTaskQueue, type LeadActivities } from '../../workflows/contract.ts';

export type LeadWorkersOptions = Pick<WorkerOptions, 'connection' | 'namespace' | 'identity' | 'shutdownGraceTime'> & {
  /** The leads'; the other queue is found by it. */
  taskQueue: string;
  workflowBundle: WorkflowBundleOption;
  activities: LeadActivities;
  limits?: WorkerLimits;
};

/** The SDK's own where they are left out. */
export type WorkerLimits = {
  cachedWorkflows?: number;
  concurrentWorkflowTasks?: number;
  concurrentPostbacks?: number;
  /** Of activities that need Postgres alone, local ones apart. */
  concurrentDatabaseActivities?: number;
};

export type LeadWorkers = {
  /** False before they run, while they stop, and after. */
  areRunning(): boolean;
  /** Ends when all are shut down. Where one of them ends by itself, so do the others. */
  run(): Promise<void>;
  shutdown(): void;
};

/**
 * All workers that leads need, on one connection: one for the steps of leads and their postbacks, one for what only
 * Postgres is asked. Each has slots of its own, so settling never waits for partners' servers. They have to be run, be it
 * to be shut down at once: workers that never ran keep their connection from being closed.
 */
export async function createLeadWorkers(options: LeadWorkersOptions): Promise<LeadWorkers> {
  const workers: Worker[] = [];
  const shutdown = () => workers.filter(isRunning).forEach((worker) => worker.shutdown());
  const run = () => runAll(workers, shutdown);
  try {
    for (const each of optionsOfEach(options)) workers.push(await Worker.create(each));
  } catch (error) {
    const running = run();
    shutdown();
    await running;
    throw error;
  }
  return { areRunning: () => workers.every(isRunning), run, shutdown };
}

function optionsOfEach({ taskQueue, workflowBundle, limits = {}, ...shared }: LeadWorkersOptions): WorkerOptions[] {
  const forLeads = {
    ...shared,
    taskQueue,
    workflowBundle,
    maxCachedWorkflows: limits.cachedWorkflows,
    maxConcurrentWorkflowTaskExecutions: limits.concurrentWorkflowTasks,
    maxConcurrentActivityTaskExecutions: limits.concurrentPostbacks,
  };
  const forDatabase = {
    ...shared,
    taskQueue: databaseTaskQueue(taskQueue),
    maxConcurrentActivityTaskExecutions: limits.concurrentDatabaseActivities,
  };
  return [forLeads, forDatabase];
}

function isRunning(worker: Worker): boolean {
  return worker.getState() === 'RUNNING';
}

async function runAll(workers: Worker[], shutdown: () => void): Promise<void> {
  const ends = await Promise.allSettled(workers.map((worker) => worker.run().finally(shutdown)));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
