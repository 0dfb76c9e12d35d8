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
  type DuePostback,
  type LeadActivities,
  type LeadPolicy,
  type UnrecordedAttempt,
} from './contract.ts';

export type Deliveries = {
  /** Ends the delivery of a conversion's older postbacks: at once between tries, else when the running try ends. */
  supersede(conversionId: string): void;
  /** Starts to deliver a conversion's newest postbacks, after its older ones have ended. */
  deliver(conversionId: string, due: DuePostback[]): void;
  /** What is being delivered now. */
  pending(): DuePostback[];
};

/** Called when a postback has ended, with its result, and when all of a conversion's have. */
export type Report = (postback?: DuePostback, result?: string) => void;

// After a failure of ours before the first try.
const INTERRUPTED_PAUSE_MS = 5_000;

type Delivery = { scope: CancellationScope; ended: Promise<void>; due: DuePostback[] };

/**
 * R10, R11: the deliveries of one lead. Conversions never wait for each other; within one conversion a newer status
 * waits until the running try of an older one has ended, so that a partner never hears the older one last.
 */
export function startDeliveries(policy: LeadPolicy, report: Report): Deliveries {
  const running = new Map<string, Delivery>();
  const { reviewPostback } = proxyActivities<LeadActivities>({
    startToCloseTimeout: '15s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  });
  // No heartbeat: a running try is never cut off half-way, and its 10 s bound how long a newer status waits.
  const { deliverPostback } = proxyActivities<LeadActivities>({
    startToCloseTimeout: '15s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });

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
        report();
      }
    },
    pending() {
      return [...running.values()].flatMap((delivery) => delivery.due);
    },
  };

  async function deliverAndReport(postback: DuePostback, scope: CancellationScope): Promise<void> {
    try {
      const result = await scope.run(() => deliverOne(postback));
      report(postback, scope.consideredCancelled && result === 'failed' ? 'superseded' : result);
    } catch (error) {
      if (!isCancellation(error)) throw error;
      report(postback, 'superseded');
    }
  }

  async function deliverOne(postback: DuePostback): Promise<string> {
    const { postbackId } = postback;
    let { triesLeft } = postback;
    while (triesLeft > 0) {
      const ended = await tryDelivery(postback, triesLeft);
      if (ended.result !== undefined) return ended.result;
      ({ triesLeft } = await CancellationScope.nonCancellable(() =>
        reviewPostback({ postbackId, attempts: policy.postbackAttempts, unrecorded: ended.unrecorded }),
      ));
      const pauseMs = triesLeft < policy.postbackAttempts ? policy.postbackIntervalMs : INTERRUPTED_PAUSE_MS;
      if (triesLeft > 0) await sleep(pauseMs, { summary: `next try of postback ${postbackId}` });
    }
    return 'ended';
  }

  /** @returns the result, or none when a failure of ours interrupted the delivery before its tries were used up. */
  async function tryDelivery(
    { postbackId, partnerId, status }: DuePostback,
    triesLeft: number,
  ): Promise<{ result?: string; unrecorded: UnrecordedAttempt | null }> {
    const { postbackAttempts: attempts, postbackIntervalMs: intervalMs } = policy;
    const retry = { maximumAttempts: triesLeft, initialInterval: intervalMs, backoffCoefficient: 1 };
    const options = { summary: `${status} → partner ${partnerId}`, retry };
    try {
      const { result } = await deliverPostback.executeWithOptions(options, [{ postbackId, attempts, intervalMs }]);
      return { result, unrecorded: null };
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      const failure = error.cause instanceof ApplicationFailure ? error.cause : undefined;
      // The activity has recorded the refusal of the last try; the lead lives on.
      if (failure?.type === NOT_ACCEPTED) return { result: 'failed', unrecorded: null };
      return { unrecorded: failure?.type === NOT_RECORDED ? (failure.details?.[0] as UnrecordedAttempt) : null };
    }
  }
}
