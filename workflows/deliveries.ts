import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { attemptUntilEnded, REVIEW_FIRST, type BrokenOff } from './attempts.ts';
import type { DeliveryResult, DuePostback, LeadPolicy } from './contract.ts';

export type Deliveries = {
  /**
   * Ends the delivery of the conversion's postbacks of older statuses: at once between attempts, else when the running one
   * ends.
   * @returns true when a postback of this conversion, other than a handover, is under way
   */
  supersede(status: { conversionId: string; seq: number }): boolean;
  /**
   * Starts to deliver what is due, after what goes before it has ended. What is under way goes on: a lead that is rebuilt
   * settles its statuses again, and so hears of the same postbacks once more.
   */
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
    supersede({ conversionId, seq }) {
      const other = running.get(conversionId);
      const isOfThisOrLater = other !== undefined && other.postback.seq >= seq;
      if (!isOfThisOrLater) other?.scope.cancel();
      return other !== undefined;
    },
    deliver(due) {
      // All of these wait for the same: none of them for another one.
      const starts = due.filter(isIdle).map((postback) => ({ postback, before: whatGoesBefore(postback) }));
      for (const { postback, before } of starts) {
        // If it has had an attempt, or is having one, the next must wait for the rest of the interval, and only Postgres
        // knows how long that is.
        const isSame = before?.postback.postbackId === postback.postbackId;
        const mayHaveHadAttempts = isSame || postback.attemptsLeft < policy.postbackAttempts;
        // Postgres has only one postback of a conversion to deliver: this one. The other was lost or superseded.
        if (!postback.isHandover) before?.scope.cancel();
        begin(postback, before?.ended, mayHaveHadAttempts ? REVIEW_FIRST : null);
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

  /** False while it is under way, unless it is about to end as superseded. */
  function isIdle(postback: DuePostback): boolean {
    const same = running.get(laneOf(postback));
    return same?.postback.postbackId !== postback.postbackId || same.scope.consideredCancelled;
  }

  /** A handover waits only for older ones: no later status concerns its partner. */
  function whatGoesBefore({ conversionId, isHandover, seq }: DuePostback): Delivery | undefined {
    const other = running.get(conversionId);
    return isHandover && other && other.postback.seq >= seq ? undefined : other;
  }

  function begin(postback: DuePostback, before: Promise<void> | undefined, brokenOff: BrokenOff | null): void {
    const lane = laneOf(postback);
    const scope = new CancellationScope();
    const ended = awaitEnd(postback, scope, { before, brokenOff }).then((result) => {
      // A newer postback may have taken the lane.
      if (running.get(lane)?.scope === scope) running.delete(lane);
      onEnded(postback, result);
    });
    running.set(lane, { postback, scope, ended });
  }

  async function awaitEnd(
    postback: DuePostback,
    scope: CancellationScope,
    { before, brokenOff }: { before: Promise<void> | undefined; brokenOff: BrokenOff | null },
  ): Promise<DeliveryResult> {
    if (before) await before;
    try {
      const result = await scope.run(() => attemptUntilEnded(postback, policy, brokenOff));
      return scope.consideredCancelled && result === 'failed' ? 'superseded' : result;
    } catch (error) {
      if (!isCancellation(error)) throw error;
      return 'superseded';
    }
  }
}

function laneOf({ isHandover, postbackId, conversionId }: DuePostback): string {
  return isHandover ? postbackId : conversionId;
}
