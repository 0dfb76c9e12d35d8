import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { attemptUntilEnded, REVIEW_FIRST, type BrokenOff } from './attempts.ts';
import type { DeliveryResult, DuePostback, LeadPolicy } from './contract.ts';

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

type Delivery = { postback: DuePostback; scope: CancellationScope; ended: Promise<void> };

/**
 * R10, R11: the deliveries of one lead. Conversions never wait for each other; within one conversion a newer status
 * waits until the running attempt of an older one has ended, so that a partner never hears the older one last.
 *
 * `onEnded` hears of each postback that has come to its end, when it is no longer under way.
 */
export function startDeliveries(
  policy: LeadPolicy,
  onEnded: (postback: DuePostback, result: DeliveryResult) => void,
): Deliveries {
  const running = new Map<string, Delivery>();

  return {
    supersede(conversionId) {
      const older = running.get(conversionId);
      older?.scope.cancel();
      return older !== undefined;
    },
    deliver(due) {
      const [first] = due;
      const older = first && running.get(first.conversionId)?.ended;
      for (const postback of due) {
        // A lead that is rebuilt settles its statuses again. If a postback of theirs has had an attempt, the next one
        // must wait for the rest of the interval, and only Postgres knows how long that is.
        const hadAttempts = postback.attemptsLeft < policy.postbackAttempts;
        begin(postback, older, hadAttempts ? REVIEW_FIRST : null);
      }
    },
    resume(due) {
      // How far the earlier run got stands in Postgres.
      for (const postback of due) begin(postback, undefined, REVIEW_FIRST);
    },
    underWay() {
      return [...running.values()].map(({ postback }) => postback);
    },
  };

  function begin(postback: DuePostback, older: Promise<void> | undefined, brokenOff: BrokenOff | null): void {
    const lane = postback.isHandover ? postback.postbackId : postback.conversionId;
    const scope = new CancellationScope();
    const ended = awaitEnd(postback, scope, { older, brokenOff }).then((result) => {
      // A newer postback may have taken the lane.
      if (running.get(lane)?.scope === scope) running.delete(lane);
      onEnded(postback, result);
    });
    running.set(lane, { postback, scope, ended });
  }

  async function awaitEnd(
    postback: DuePostback,
    scope: CancellationScope,
    { older, brokenOff }: { older: Promise<void> | undefined; brokenOff: BrokenOff | null },
  ): Promise<DeliveryResult> {
    if (older) await older;
    try {
      const result = await scope.run(() => attemptUntilEnded(postback, policy, brokenOff));
      return scope.consideredCancelled && result === 'failed' ? 'superseded' : result;
    } catch (error) {
      if (!isCancellation(error)) throw error;
      return 'superseded';
    }
  }
}
