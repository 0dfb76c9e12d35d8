// Two ways to settle a status, and to recall what it needs. A local activity is the cheap one, but it must not be used
// while a delivery is being superseded. This is what would happen in one task of the workflow:
//
// 1. An older status is settled by a local activity, and its delivery is scheduled.
// 2. A newer status cancels that delivery. The server has not heard of it yet, so it ends within the task.
// 3. The newer status is settled by a local activity too, and its result comes within the task.
//
// When the task is replayed, 2 and 3 may change places: then the lead goes on in another order than its history says,
// and is stuck. A regular activity at 3 ends the task, so that its result always comes after the end of the delivery.
import { ActivityFailure, ApplicationFailure, isCancellation, proxyLocalActivities } from '@temporalio/workflow';
import type { ConversionState } from '../src/domain/lead.ts';
import { NOT_A_FACT, type DuePostback, type LeadActivities } from './contract.ts';
import { untilDone } from './until-done.ts';

type SettleInput = Parameters<LeadActivities['settle']>[0];
type Settled = DuePostback[] | typeof NOT_A_FACT;

const atOnce = proxyLocalActivities<LeadActivities>({ startToCloseTimeout: '2s', retry: { maximumAttempts: 1 } });

/** By one attempt of a local activity, which saves a task and a round trip; when it fails, by {@link settleRegularly}. */
export async function settleLocallyFirst(input: SettleInput): Promise<Settled> {
  try {
    return await atOnce.settle.executeWithOptions({ summary: summaryOf(input) }, [input]);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return await settleRegularly(input);
  }
}

/** By a regular activity, however long it takes: that Postgres is away is no reason to lose a status. */
export async function settleRegularly(input: SettleInput): Promise<Settled> {
  try {
    return await untilDone().settle.executeWithOptions({ summary: summaryOf(input) }, [input]);
  } catch (error) {
    if (isNotAFact(error)) return NOT_A_FACT;
    throw error;
  }
}

/** What became of a conversion that the lead has forgotten; null when it has had no status before. */
export async function recallLocallyFirst(
  input: Parameters<LeadActivities['loadConversion']>[0],
): Promise<ConversionState | null> {
  const summary = `conversion ${input.conversionId}`;
  try {
    return await atOnce.loadConversion.executeWithOptions({ summary }, [input]);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return await untilDone().loadConversion.executeWithOptions({ summary }, [input]);
  }
}

function isNotAFact(error: unknown): boolean {
  return (
    error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === NOT_A_FACT
  );
}

function summaryOf({ settlement: { status, holder } }: SettleInput): string {
  return `${status} → ${holder ? `partner ${holder.partnerId}` : 'house'}`;
}
