import type { Knex } from 'knex';
import type { Settlement } from '../domain/lead.ts';

/** Notes who a status was settled with. @returns false when that status has been settled before */
export async function insertSettlement(trx: Knex, leadId: string, settlement: Settlement): Promise<boolean> {
  const rows = await trx('settlements')
    .insert({
      conversion_id: settlement.conversionId,
      seq: settlement.seq,
      lead_id: leadId,
      status: settlement.status,
      partner_id: settlement.holder?.partnerId ?? null,
      touch_seq: settlement.holder?.touchSeq ?? null,
      reward: settlement.reward,
    })
    .onConflict(['conversion_id', 'seq'])
    .ignore()
    .returning('seq');
  return rows.length > 0;
}

export type Price = { amount: number; currency: string; price_version: number };

/** R13: the price fixed when the conversion was first approved, else the one fixed when this status was committed. */
export async function readPrice(trx: Knex, leadId: string, { conversionId, seq }: Settlement): Promise<Price> {
  const { rows } = await trx.raw<{ rows: Price[] }>(
    `(select amount, currency, price_version from reward_entries
      where conversion_id = :conversionId and kind = 'booked' order by seq limit 1)
     union all
     (select price_amount, price_currency, price_version from lead_events where lead_id = :leadId and seq = :seq)
     limit 1`,
    { conversionId, leadId, seq },
  );
  const [price] = rows;
  if (!price) throw new Error(`Lead ${leadId} has no event ${seq} that ${conversionId} could be settled by.`);
  return price;
}

export async function insertRewardEntry(
  trx: Knex,
  entry: { conversionId: string; seq: number; partnerId: string; kind: 'booked' | 'revoked'; price: Price },
): Promise<void> {
  const { conversionId, seq, partnerId, kind, price } = entry;
  await trx('reward_entries').insert({
    conversion_id: conversionId,
    seq,
    partner_id: partnerId,
    kind,
    amount: kind === 'booked' ? price.amount : -price.amount,
    currency: price.currency,
    price_version: price.price_version,
  });
}
