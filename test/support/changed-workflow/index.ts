import { sleep } from '@temporalio/workflow';
import { lead as unchanged } from '../../../workflows/lead.ts';
import type { LeadInput, LeadOutcome } from '../../../workflows/contract.ts';

/** The lead as it must not be changed: what it does first is not what the leads under way have done first. */
export async function lead(input: LeadInput): Promise<LeadOutcome> {
  await sleep(1);
  return await unchanged(input);
}
