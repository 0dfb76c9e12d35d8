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
  NOT_ACCEPTED,
  NOT_RECORDED,
  type DeliveryResult,
  type DuePostback,
  type LeadActivities,
  type LeadPolicy,
  type UnrecordedAttempt,
} from './contract.ts';

export type Deliveries = {
  /** Ends the delivery of a conversion's older postbacks: at once between attempts, else when the running one ends. */
  supersede(conversionId: string): void;
  /** Starts to deliver a conversion's newest postbacks, after its older ones have ended. */
  deliver(conversionId: string, due: DuePostback[]): void;
  /** What is being delivered now. */
  underWay(): DuePostback[];
};

type Listener = {
  /** One postback has come to its end. */
  onEnded(postback: DuePostback, result: DeliveryResult): void;
  /** A conversion has nothing under way any more. */
  onIdle(): void;
};

type Delivery = { scope: CancellationScope; ended: Promise<void>; due: DuePostback[] };

/** Why a delivery broke off before its attempts were used up: a failure of ours, perhaps with an attempt to record. */
type BrokenOff = { unrecorded: UnrecordedAttempt | null };

// After a failure of ours before the first attempt.
const NOT_STARTED_PAUSE_MS = 5_000;

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
      running.get(conversionId)?.scope.cancel();
    },
    deliver(conversionId, due) {
      if (due.length === 0) return;
      const older = running.get(conversionId);
      const scope = new CancellationScope();
      const delivery: Delivery = { scope, due, ended: run() };
      running.set(conversionId, delivery);

      async function run(): Promise<void> {
        await older?.ended;
        await Promise.all(due.map((postback) => deliverAndReport(postback, scope)));
        if (running.get(conversionId) === delivery) running.delete(conversionId);
        listener.onIdle();
      }
    },
    underWay() {
      return [...running.values()].flatMap((delivery) => delivery.due);
    },
  };

  async function deliverAndReport(postback: DuePostback, scope: CancellationScope): Promise<void> {
    try {
      const result = await scope.run(() => deliverPatiently(postback));
      listener.onEnded(postback, scope.consideredCancelled && result === 'failed' ? 'superseded' : result);
    } catch (error) {
      if (!isCancellation(error)) throw error;
      listener.onEnded(postback, 'superseded');
    }
  }

  /** Goes on after every failure of ours until the postback has come to its end. */
  async function deliverPatiently(postback: DuePostback): Promise<DeliveryResult> {
    const { postbackId } = postback;
    let { attemptsLeft } = postback;
    for (;;) {
      const delivered = await deliverWithRetries(postback, attemptsLeft);
      if (typeof delivered === 'string') return delivered;
      const { unrecorded } = delivered;
      const reviewed = await CancellationScope.nonCancellable(() =>
        reviewPostback({ postbackId, maxAttempts, intervalMs, unrecorded }),
      );
      if ('result' in reviewed) return reviewed.result;
      ({ attemptsLeft } = reviewed);
      const pauseMs = attemptsLeft < maxAttempts ? intervalMs : NOT_STARTED_PAUSE_MS;
      await sleep(pauseMs, { summary: `next attempt of postback ${postbackId}` });
    }
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
      // The activity has recorded the refusal of the last attempt; the lead lives on.
      if (failure?.type === NOT_ACCEPTED) return 'failed';
      return { unrecorded: failure?.type === NOT_RECORDED ? (failure.details?.[0] as UnrecordedAttempt) : null };
    }
  }
}
