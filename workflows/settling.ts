// Two ways to settle a status. A local activity is the cheap one, but it must not be used while a delivery is being
// superseded. This is what would happen in one task of the workflow:
//
// 1. An older status is settled by a local activity, and its delivery is scheduled.
// 2. A newer status cancels that delivery. The server has not heard of it yet, so it ends within the task.
// 3. The newer status is settled by a local activity too, and its result comes within the task.
//
// When the task is replayed, 2 and 3 may change places: then the lead goes on in another order than its history says,
// and is stuck. A regular activity at 3 ends the task, so that its result always comes after the end of the delivery.
import { isCancellation, proxyLocalActivities } from '@temporalio/workflow';
import type { DuePostback, LeadActivities } from './contract.ts';
import { untilDone } from './until-done.ts';

type SettleInput = Parameters<LeadActivities['settle']>[0];

const atOnce = proxyLocalActivities<LeadActivities>({ startToCloseTimeout: '2s', retry: { maximumAttempts: 1 } });

/** By one attempt of a local activity, which saves a task and a round trip; when it fails, by {@link settleRegularly}. */
export async function settleLocallyFirst(input: SettleInput): Promise<DuePostback[]> {
  try {
    return await atOnce.settle.executeWithOptions({ summary: summaryOf(input) }, [input]);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return await settleRegularly(input);
  }
}

/** By a regular activity, however long it takes: that Postgres is away is no reason to lose a status. */
export async function settleRegularly(input: SettleInput): Promise<DuePostback[]> {
  return await untilDone.settle.executeWithOptions({ summary: summaryOf(input) }, [input]);
}

function summaryOf({ settlement: { status, holder } }: SettleInput): string {
  return `${status} → ${holder ? `partner ${holder.partnerId}` : 'house'}`;
}
