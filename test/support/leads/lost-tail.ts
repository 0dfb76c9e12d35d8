import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { eventually } from '../eventually.ts';
import { withoutLedgerGuard } from '../ledger-guard.ts';

type Tail = { leadId: string; conversionId: string; lastSeq: number };

/**
 * A failover to a standby that lacks the last commits of a lead, those after `lastSeq`: what they held is gone, the only
 * status of its conversion with it, and their numbers are given out again.
 */
export async function loseTail(db: Knex, { leadId, conversionId, lastSeq }: Tail): Promise<void> {
  await eventually(async () => assert.equal((await db('outbox').where({ lead_id: leadId })).length, 0));
  await withoutLedgerGuard(db, async (trx) => {
    const lost = trx('postbacks').where({ lead_id: leadId }).where('seq', '>', lastSeq);
    await trx('postback_attempts').whereIn('postback_id', lost.clone().select('postback_id')).delete();
    await lost.delete();
    await trx('ledger_lines').where({ conversion_id: conversionId }).where('seq', '>', lastSeq).delete();
    for (const table of ['settlements', 'lead_events']) {
      await trx(table).where({ lead_id: leadId }).where('seq', '>', lastSeq).delete();
    }
    await trx('conversions').where({ conversion_id: conversionId }).update({ status: null, status_at: null });
    await trx('leads').where({ lead_id: leadId }).update({ last_seq: lastSeq });
  });
}
