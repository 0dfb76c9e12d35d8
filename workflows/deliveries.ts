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
  type UnrecordedAttempt,
} from './contract.ts';

export type Deliveries = {
  /**
   * Ends the delivery of a conversion's older postbacks: at once between attempts, else when the running one ends.
   * @returns true when there was one
   */
  supersede(conversionId: string): boolean;
  /** Starts to deliver the postbacks of a conversion's newest status, after its older ones have ended. */
  deliver(due: DuePostback[]): void;
  /** Takes up what an earlier run of the lead was delivering. */
  resume(due: DuePostback[]): void;
  /** What is being delivered now. */
  underWay(): DuePostback[];
};

type Listener = {
  /** One postback has come to its end, and is no longer under way. */
  onEnded(postback: DuePostback, result: DeliveryResult): void;
};

type Delivery = { postback: DuePostback; scope: CancellationScope; ended: Promise<void> };

/** Why a delivery broke off before its attempts were used up: a failure of ours, perhaps with an attempt to record. */
type BrokenOff = { unrecorded: UnrecordedAttempt | null };

// After a failure of ours that used up no attempt; doubled each time it happens again.
const NOT_STARTED_PAUSE_MS = 5_000;
const MAX_NOT_STARTED_PAUSE_MS = 300_000;

/**
 * R10, R11: the deliveries of one lead. Conversions never wait for each other; within one conversion a newer status
 * waits until the running attempt of an older one has ended, so that a partner never hears the older one last.
 */
export function startDeliveries(policy: LeadPolicy, listener: Listener): Deliveries {
  const running = new Map<string, Delivery>();
  const { reviewPostback } = proxyActivities<LeadActivities>({
    startToCloseTimeout: '15s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  });
  // No heartbeat: a running attempt is never cut off half-way. It ends within 10 s, or with its worker within 15 s,
  // and that is how long a newer status waits.
  const { deliverPostback } = proxyActivities<LeadActivities>({
    startToCloseTimeout: '15s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: policy.postbackIntervalMs, backoffCoefficient: 1 },
  });
  const { postbackAttempts: maxAttempts, postbackIntervalMs: intervalMs } = policy;

  return {
    supersede(conversionId) {
      const older = running.get(conversionId);
      older?.scope.cancel();
      return older !== undefined;
    },
    deliver(due) {
      const older = due.map(({ conversionId }) => running.get(conversionId)?.ended)[0];
      for (const postback of due) {
        // One that an earlier run has tried may have an interval to wait for.
        const isTried = postback.attemptsLeft < maxAttempts;
        start(postback, older, isTried ? { unrecorded: null } : null);
      }
    },
    resume(due) {
      // How far the earlier run got stands in Postgres, so each begins with a review.
      for (const postback of due) start(postback, undefined, { unrecorded: null });
    },
    underWay() {
      return [...running.values()].map(({ postback }) => postback);
    },
  };

  function start(postback: DuePostback, older: Promise<void> | undefined, brokenOff: BrokenOff | null): void {
    const lane = postback.isHandover ? postback.postbackId : postback.conversionId;
    const scope = new CancellationScope();
    const delivery: Delivery = { postback, scope, ended: run() };
    running.set(lane, delivery);

    async function run(): Promise<void> {
      if (older) await older;
      const result = await deliverUnlessCancelled(postback, scope, brokenOff);
      if (running.get(lane) === delivery) running.delete(lane);
      listener.onEnded(postback, result);
    }
  }

  async function deliverUnlessCancelled(
    postback: DuePostback,
    scope: CancellationScope,
    brokenOff: BrokenOff | null,
  ): Promise<DeliveryResult> {
    try {
      const result = await scope.run(() => deliverPatiently(postback, brokenOff));
      return scope.consideredCancelled && result === 'failed' ? 'superseded' : result;
    } catch (error) {
      if (!isCancellation(error)) throw error;
      return 'superseded';
    }
  }

  /** Goes on after every failure of ours until the postback has come to its end. */
  async function deliverPatiently(postback: DuePostback, startsWith: BrokenOff | null): Promise<DeliveryResult> {
    let { attemptsLeft } = postback;
    let brokenOff = startsWith;
    let pauseMs = 0;
    for (;;) {
      if (brokenOff) {
        const reviewed = await review(postback, brokenOff);
        if ('result' in reviewed) return reviewed.result;
        // Where not even an attempt was made, it is our own side that needs time.
        pauseMs = reviewed.attemptsLeft < attemptsLeft ? 0 : growPause(pauseMs);
        ({ attemptsLeft } = reviewed);
        const waitMs = Math.max(reviewed.retryInMs, pauseMs);
        if (waitMs > 0) await sleep(waitMs, { summary: `next attempt of postback ${postback.postbackId}` });
      }
      const delivered = await deliverWithRetries(postback, attemptsLeft);
      if (typeof delivered === 'string') return delivered;
      brokenOff = delivered;
    }
  }

  async function review({ postbackId }: DuePostback, { unrecorded }: BrokenOff) {
    return await CancellationScope.nonCancellable(() =>
      reviewPostback({ postbackId, maxAttempts, intervalMs, unrecorded }),
    );
  }

  async function deliverWithRetries(
    { postbackId, partnerId, status }: DuePostback,
    maximumAttempts: number,
  ): Promise<DeliveryResult | BrokenOff> {
    const options = { summary: `${status} → partner ${partnerId}`, retry: { maximumAttempts } };
    try {
      const { result } = await deliverPostback.executeWithOptions(options, [{ postbackId, maxAttempts, intervalMs }]);
      return result;
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      const failure = error.cause instanceof ApplicationFailure ? error.cause : undefined;
      // The activity has recorded the refusal; the lead lives on. Temporal may have counted more attempts than were made.
      const isLast = failure?.details?.[0] !== MORE_ATTEMPTS_LEFT;
      if (failure?.type === NOT_ACCEPTED && isLast) return 'failed';
      return { unrecorded: failure?.type === NOT_RECORDED ? (failure.details?.[0] as UnrecordedAttempt) : null };
    }
  }
}

function growPause(pauseMs: number): number {
  return Math.min(Math.max(NOT_STARTED_PAUSE_MS, 2 * pauseMs), MAX_NOT_STARTED_PAUSE_MS);
}
