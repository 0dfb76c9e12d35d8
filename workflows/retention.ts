import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  patched,
  proxyActivities,
  setCurrentDetails,
} from '@temporalio/workflow';
import { retentionKinds, type RetentionActivities, type RetentionKind } from './long-jobs.ts';

// What fails so often is left to the next run.
const ATTEMPTS = 3;
const RETRY = { initialInterval: '2s', backoffCoefficient: 2 } as const;

// Each batch beats, so that a worker that is killed is missed soon; whoever goes on drops what is left.
const { dropExpired } = proxyActivities<RetentionActivities>({ startToCloseTimeout: '1h', heartbeatTimeout: '30s' });

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
      dropped[kind] = await dropAll(kind);
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      failed.push(kind);
    }
    setCurrentDetails(describe(dropped, failed));
  }
  if (failed.length > 0) throw ApplicationFailure.nonRetryable(`Not dropped: ${failed.join(', ')}.`, 'NotDropped');
  return dropped;
}

/**
 * A worker that is stopped leaves the rest; that is no failure, however many are stopped.
 * @returns how many were dropped in all; null for what is kept for ever
 */
async function dropAll(kind: RetentionKind): Promise<number | null> {
  let dropped = 0;
  for (let attempts = ATTEMPTS; ;) {
    const retry = { ...RETRY, maximumAttempts: attempts };
    const done = await dropExpired.executeWithOptions({ summary: kind, retry }, [{ kind, mayLeave: true }]);
    if (done === null) return null;
    dropped += done.dropped;
    if (!done.isLeft) return dropped;
    attempts = Math.max(1, attempts - done.failedAttempts);
  }
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
