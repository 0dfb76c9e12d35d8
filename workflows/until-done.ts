import { proxyActivities } from '@temporalio/workflow';
import type { LeadActivities } from './contract.ts';

/** Regular activities that are retried until they succeed: while Postgres is away, ops see them pending and nothing is lost. */
export const untilDone = proxyActivities<LeadActivities>({
  startToCloseTimeout: '15s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
});
