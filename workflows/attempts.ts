import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  sleep,
} from '@temporalio/workflow';
import {
  MORE_ATTEMPTS_LEFT,
  NOT_ACCEPTED,
  NOT_RECORDED,
  type DeliveryResult,
  type DuePostback,
  type LeadActivities,
  type LeadPolicy,
  type PostbackCall,
  type UnrecordedAttempt,
} from './contract.ts';
import { untilDone } from './until-done.ts';

/** Why attempts broke off before they were used up: a failure of ours, perhaps with an attempt to record. */
export type BrokenOff = { unrecorded: UnrecordedAttempt | null };

/** For a postback that may have had attempts before: a review tells how it stands. */
export const REVIEW_FIRST: BrokenOff = { unrecorded: null };

// After a failure of ours that used up no attempt; doubled each time it happens again.
const NOT_STARTED_PAUSE_MS = 5_000;
const MAX_NOT_STARTED_PAUSE_MS = 300_000;

// No heartbeat: a running attempt is never cut off half-way. It ends within 10 s, or with its worker within 15 s,
// and that is how long a newer status waits.
const { deliverPostback } = proxyActivities<LeadActivities>({
  startToCloseTimeout: '15s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** R10: makes the attempts of a postback, and goes on after every failure of ours until the postback has ended. */
export async function attemptUntilEnded(
  postback: DuePostback,
  policy: LeadPolicy,
  startsWith: BrokenOff | null,
): Promise<DeliveryResult> {
  const call = callOf(postback, policy);
  let { attemptsLeft } = postback;
  let brokenOff = startsWith;
  let pauseMs = 0;
  for (;;) {
    if (brokenOff) {
      const reviewed = await review(call, brokenOff);
      if ('result' in reviewed) return reviewed.result;
      // Where not even an attempt was made, it is our own side that needs time.
      pauseMs = reviewed.attemptsLeft < attemptsLeft ? 0 : growPause(pauseMs);
      ({ attemptsLeft } = reviewed);
      const waitMs = Math.max(reviewed.retryInMs, pauseMs);
      if (waitMs > 0) await sleep(waitMs, { summary: `next attempt of postback ${call.postbackId}` });
    }
    const attempted = await attempt(postback, call, attemptsLeft);
    if (typeof attempted === 'string') return attempted;
    brokenOff = attempted;
  }
}

function callOf({ postbackId }: DuePostback, policy: LeadPolicy): PostbackCall {
  return { postbackId, maxAttempts: policy.postbackAttempts, intervalMs: policy.postbackIntervalMs };
}

async function review(call: PostbackCall, { unrecorded }: BrokenOff) {
  return await CancellationScope.nonCancellable(() => untilDone().reviewPostback({ ...call, unrecorded }));
}

/** Has Temporal make up to `maximumAttempts`, an interval apart, until one is accepted. */
async function attempt(
  { partnerId, status }: DuePostback,
  call: PostbackCall,
  maximumAttempts: number,
): Promise<DeliveryResult | BrokenOff> {
  const retry = { initialInterval: call.intervalMs, backoffCoefficient: 1, maximumAttempts };
  try {
    const summary = `${status} → partner ${partnerId}`;
    const { result } = await deliverPostback.executeWithOptions({ summary, retry }, [call]);
    return result;
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    return readFailure(error.cause instanceof ApplicationFailure ? error.cause : undefined);
  }
}

/** The activity has recorded a refusal; the lead lives on. */
function readFailure(failure: ApplicationFailure | undefined): 'failed' | BrokenOff {
  // Temporal may have counted more attempts than were made.
  const isLast = failure?.details?.[0] !== MORE_ATTEMPTS_LEFT;
  if (failure?.type === NOT_ACCEPTED && isLast) return 'failed';
  return { unrecorded: failure?.type === NOT_RECORDED ? (failure.details?.[0] as UnrecordedAttempt) : null };
}

function growPause(pauseMs: number): number {
  return Math.min(Math.max(NOT_STARTED_PAUSE_MS, 2 * pauseMs), MAX_NOT_STARTED_PAUSE_MS);
}
