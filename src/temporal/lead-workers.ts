import type { WorkerOptions, WorkflowBundleOption } from '@temporalio/worker';
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

/**
 * The workers that leads need: one for the steps of leads and their postbacks, one for what only Postgres is asked. Each
 * has slots of its own, so settling never waits for partners' servers.
 */
export function leadWorkers({
  taskQueue,
  workflowBundle,
  limits = {},
  ...shared
}: LeadWorkersOptions): WorkerOptions[] {
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
