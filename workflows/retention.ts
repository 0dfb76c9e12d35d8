import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  patched,
  proxyActivities,
  setCurrentDetails,
} from '@temporalio/workflow';
import { retentionKinds, type RetentionActivities, type RetentionKind } from './contract.ts';

// What fails three times is left to the next run. Each batch beats, so that a worker that is killed is missed soon;
// whoever goes on drops what is left.
const { dropExpired } = proxyActivities<RetentionActivities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '2s', backoffCoefficient: 2, maximumAttempts: 3 },
});

/** How many were dropped; null for what is kept for ever. */
export type Retained = Partial<Record<RetentionKind, number | null>>;

/**
 * One run of the Schedule `retention`: drops what is past its time, one kind after the other. One that fails holds up
 * none of the others; the run then fails in the end, for people to see.
 */
export async function retention(): Promise<Retained> {
  const dropped: Retained = {};
  const failed: RetentionKind[] = [];
  for (const kind of kindsToDrop()) {
    try {
      const done = await dropExpired.executeWithOptions({ summary: kind }, [{ kind }]);
      dropped[kind] = done?.dropped ?? null;
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      failed.push(kind);
    }
    setCurrentDetails(describe(dropped, failed));
  }
  if (failed.length > 0) throw ApplicationFailure.nonRetryable(`Not dropped: ${failed.join(', ')}.`, 'NotDropped');
  return dropped;
}

/** Runs that began before a kind was added end without it. */
function kindsToDrop(): readonly RetentionKind[] {
  return patched('pulled-rows') ? retentionKinds : retentionKinds.filter((kind) => kind !== 'pulled_rows');
}

function describe(dropped: Retained, failed: RetentionKind[]): string {
  const lines = Object.entries(dropped).map(([kind, count]) => `- ${kind}: ${count ?? 'kept for ever'}`);
  return ['Dropped because its time is over:', '', ...lines, ...failed.map((kind) => `- ${kind}: **failed**`)].join(
    '\n',
  );
}
