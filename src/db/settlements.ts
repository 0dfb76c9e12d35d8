import type { Knex } from 'knex';
import type { Settlement } from '../domain/lead.ts';
import type { CapReason } from '../domain/offer-cap.ts';
import type { PostbackSettings } from '../domain/postbacks/postback-settings.ts';
import { INTERRUPT, IS_DEAD } from './attempts.ts';
import { INSERT_POSTBACK, IS_OPEN, postbackBindings, type NewPostback } from './postbacks.ts';
import { prepared } from './prepared.ts';

/** Minor units of `currency`, and the version of the offer's price they come from. */
export type Price = { amount: number; currency: string; priceVersion: number };

/** What a status is settled on: the price in minor units, and how its holder wants to be told. */
export type SettlementTerms = Price & {
  settings: PostbackSettings | null;
  /** Why the price is 0; null when no cap of the offer is used up. */
  cap: CapReason | null;
  /** False: it is booked, and no partner is told. */
  notify: boolean;
};

const READ_SETTLEMENT_TERMS = `
  select coalesce(booked.amount, fact.price_amount) as amount,
    coalesce(booked.currency, fact.price_currency) as currency,
    coalesce(booked.price_version, fact.price_version) as "priceVersion", fact.price_cap as cap, fact.notify,
    (select postback from partners where partner_id = :partnerId) as settings
  from lead_events fact
  left join lateral (
    select amount, currency, price_version from reward_entries
    where conversion_id = :conversionId and kind = 'booked' order by seq limit 1
  ) booked on true
  where fact.lead_id = :leadId and fact.seq = :seq and fact.type = 'status'
    and fact.conversion_id = :conversionId and fact.status = :status
    and (:touchSeq::int is null or exists (
      select from lead_events touch
      where touch.lead_id = :leadId and touch.seq = :touchSeq::int and touch.partner_id = :partnerId
    ))`;

/**
 * R13: the price fixed when the conversion was first approved, else the one fixed when this status was committed.
 * @returns undefined when the lead has no such status, or its holder has no such touch
 */
export async function readSettlementTerms(
  db: Knex,
  leadId: string,
  { conversionId, seq, status, holder }: Settlement,
): Promise<SettlementTerms | undefined> {
  const { rows } = await db
    .raw<{ rows: SettlementTerms[] }>(READ_SETTLEMENT_TERMS, {
      conversionId,
      leadId,
      seq,
      status,
      partnerId: holder?.partnerId ?? null,
      touchSeq: holder?.touchSeq ?? null,
    })
    .options(prepared('read-settlement-terms'));
  return rows[0];
}

/** A status of a lead with everything that settling it writes. */
export type NewSettlement = {
  leadId: string;
  settlement: Settlement;
  price: Price;
  /** The partner's postback, or why there is none. */
  postback: NewPostback;
};

// R11: postbacks of older statuses that have not been delivered are not sent any more, except a handover: it goes to a
// partner whom no later status concerns.
const WRITE_SETTLEMENT = `
  with settled as (
    insert into settlements (conversion_id, seq, lead_id, status, partner_id, touch_seq, reward)
    values (:conversionId, :seq, :leadId, :status, :partnerId, :touchSeq, :reward)
    on conflict (conversion_id, seq) do nothing
    returning seq
  ), booked as (
    insert into ledger_lines (conversion_id, seq, partner_id, kind, amount, currency, price_version)
    select :conversionId, seq, :partnerId, :kind::text, :amount::bigint, :currency, :priceVersion::int
    from settled where :kind::text is not null
  ), superseded as (
    update postbacks p set state = 'superseded', ended_at = now(), next_attempt_at = null
    from settled
    where p.conversion_id = :conversionId and p.seq < settled.seq and not p.is_handover
      and ${IS_OPEN}
    returning p.postback_id
  ), closed as (
    update postback_attempts a set ${INTERRUPT}
    from superseded s where a.postback_id = s.postback_id and ${IS_DEAD}
  )
  ${INSERT_POSTBACK} from settled returning postback_id`;

/**
 * Settles a status: who held the lead, the line of the ledger, the postback. Where something of the conversion has been paid
 * out, the ledger's trigger makes that line a correction.
 * @returns false when it was settled before; then it stays as it is
 */
export async function writeSettlement(
  db: Knex,
  { leadId, settlement, price, postback }: NewSettlement,
): Promise<boolean> {
  const { holder, reward } = settlement;
  const kind = reward === 'none' || !holder ? null : reward === 'book' ? 'reward' : 'revocation';
  const { rows } = await db
    .raw<{ rows: object[] }>(WRITE_SETTLEMENT, {
      ...postbackBindings({ leadId, settlement, ...postback }),
      touchSeq: holder?.touchSeq ?? null,
      reward,
      kind,
      amount: kind === 'revocation' ? -price.amount : price.amount,
      priceVersion: price.priceVersion,
    })
    .options(prepared('write-settlement'));
  return rows.length > 0;
}
