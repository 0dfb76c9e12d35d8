import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import { databaseTaskQueue, type LeadActivities } from './contract.ts';

/**
 * Regular activities that are retried until they succeed: while Postgres is away, ops see them pending and nothing is
 * lost. No postback can take their place.
 */
export function untilDone() {
  return proxyActivities<Omit<LeadActivities, 'deliverPostback'>>({
    taskQueue: databaseTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '15s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  });
}
