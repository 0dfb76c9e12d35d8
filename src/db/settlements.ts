import type { Knex } from 'knex';
import type { LinkedPartner } from '../domain/attribution.ts';
import type { Settlement } from '../domain/lead.ts';
import type { PostbackSettings } from '../domain/postback-settings.ts';
import type { Status } from '../domain/status.ts';

export type PostbackState = 'scheduled' | 'retrying' | 'delivered' | 'failed' | 'superseded' | 'skipped';
export type SkipReason = 'no_ref_id' | 'not_configured' | 'status_off' | 'house';

/** A postback that still has to reach its partner, and how many attempts were made so far. */
export type OpenPostback = { postback_id: string; partner_id: string; status: Status; attempts: number };

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

/** R11: postbacks of older statuses that have not been delivered are not sent any more. */
export async function supersedePostbacks(trx: Knex, conversionId: string, beforeSeq: number): Promise<void> {
  await trx('postbacks')
    .where({ conversion_id: conversionId })
    .andWhere('seq', '<', beforeSeq)
    .whereIn('state', ['scheduled', 'retrying'])
    .update({ state: 'superseded', ended_at: trx.fn.now(), next_attempt_at: null });
}

export async function readPostbackSettings(db: Knex, partnerId: string): Promise<PostbackSettings | null> {
  const row = await db<{ partner_id: string; postback: PostbackSettings | null }>('partners')
    .select('postback')
    .where({ partner_id: partnerId })
    .first();
  return row?.postback ?? null;
}

/** True when the partner has heard of a conversion's `pending`, or may have: a try of it ran and was not refused. */
export async function wasToldPending(db: Knex, conversionId: string, partnerId: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { told: boolean }[] }>(
    `select exists (
       select 1 from postbacks p join postback_attempts a using (postback_id)
       where p.conversion_id = :conversionId and p.partner_id = :partnerId and p.status = 'pending'
         and a.outcome <> 'refused'
     ) as told`,
    { conversionId, partnerId },
  );
  return rows[0]?.told ?? false;
}

export type NewPostback = {
  postbackId: string;
  holder: LinkedPartner | null;
  status: Status;
  reason: string | null;
  payout: number;
  currency: string;
  skipReason: SkipReason | null;
};

export async function insertPostback(
  trx: Knex,
  leadId: string,
  settlement: Settlement,
  postback: NewPostback,
): Promise<void> {
  const isSkipped = postback.skipReason !== null;
  await trx('postbacks').insert({
    postback_id: postback.postbackId,
    conversion_id: settlement.conversionId,
    seq: settlement.seq,
    lead_id: leadId,
    partner_id: postback.holder?.partnerId ?? null,
    offer_id: settlement.offerId,
    ref_id: postback.holder?.refId ?? null,
    status: postback.status,
    reason: postback.reason,
    payout: postback.payout,
    currency: postback.currency,
    event_at: settlement.at,
    state: isSkipped ? 'skipped' : 'scheduled',
    skip_reason: postback.skipReason,
    ended_at: isSkipped ? trx.fn.now() : null,
  });
}

/** The postbacks of one status that are still to be delivered. */
export async function readOpenPostbacks(db: Knex, conversionId: string, seq: number): Promise<OpenPostback[]> {
  const { rows } = await db.raw<{ rows: OpenPostback[] }>(
    `select postback_id, partner_id, status,
       (select count(*) from postback_attempts a where a.postback_id = p.postback_id) as attempts
     from postbacks p
     where conversion_id = :conversionId and seq = :seq and state in ('scheduled', 'retrying')
     order by postback_id`,
    { conversionId, seq },
  );
  return rows;
}
