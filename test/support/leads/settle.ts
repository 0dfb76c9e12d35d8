import type { Knex } from 'knex';
import { createSettlementActivities } from '../../../activities/settlement.ts';
import { latestSettlement } from '../../activities/settling.ts';

/** Settles the latest event of a lead, a status, as its workflow would. */
export async function settleLatest(db: Knex, leadId: string): Promise<void> {
  const settlement = await latestSettlement(db, leadId);
  await createSettlementActivities({ db }).settle({ leadId, maxAttempts: 3, settlement });
}
