// What the price of a status is worked out from, as it is at one moment.
import type { CapReason, OfferCap } from '../../domain/offer-cap.ts';
import type { PriceListScope, PriceTerms } from '../../domain/price-list.ts';
import type { Asks } from '../pipelined.ts';
import { prepared } from '../prepared.ts';
import type { ApprovalCounter } from './approval-counters.ts';

/** What a status event keeps of its price. */
export type FrozenPrice = {
  /** Minor units of `currency`. */
  amount: number;
  currency: string;
  /** Of the price list; of the offer's reward where no list applies. */
  priceVersion: number;
  priceListId: number | null;
  tierFrom: number | null;
  /** How many conversions were approved before this one in the period, as its list counts them. */
  counted: number | null;
  /** Why it is worth nothing, and how many the cap allows. */
  cap: CapReason | null;
  capLimit: number | null;
};

/** A list that may apply. */
export type ApplicableList = PriceTerms & PriceListScope & { listId: number };

/** How an offer's conversions are priced and counted. */
export type OfferTerms = {
  offerId: string;
  /** Those that have begun; of each partner's, and of the general ones, the latest alone. */
  lists: ApplicableList[];
  cap: OfferCap | null;
  /** All that count its approvals: its own and its advertiser's. */
  counters: ApprovalCounter[];
};

const READ_OFFER_TERMS = `
  select o.offer_id as "offerId",
    coalesce((
      select json_agg(json_build_object(
        'listId', l.list_id, 'partnerId', l.partner_id, 'version', l.version, 'currency', l.currency, 'tiers', l.tiers,
        'counts', l.counts, 'period', l.period, 'timeZone', l.time_zone,
        'effectiveFrom', to_char(l.effective_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ))
      from (
        select distinct on (partner_id) * from price_lists
        where offer_id = o.offer_id and effective_from <= :at::timestamptz
        order by partner_id, effective_from desc, version desc
      ) l
    ), '[]') as lists,
    (
      select json_build_object('day', c.day, 'total', c.total, 'timeZone', c.time_zone, 'beyond', c.beyond)
      from offer_caps c where c.offer_id = o.offer_id
    ) as cap,
    coalesce((
      select json_agg(json_build_object(
        'counterId', k.counter_id, 'counts', k.counts, 'period', k.period, 'timeZone', k.time_zone
      ))
      from approval_counters k
      where (k.counts, k.counted_id) in (('advertiser', o.advertiser_id), ('offer', o.offer_id))
    ), '[]') as counters
  from offers o where o.offer_id = any(:offerIds::text[])`;

/** @param at ISO 8601; lists that begin later are left out */
export async function readOfferTerms(db: Asks, offerIds: readonly string[], at: string): Promise<OfferTerms[]> {
  if (offerIds.length === 0) return [];
  const { rows } = await db
    .raw<{ rows: OfferTerms[] }>(READ_OFFER_TERMS, { offerIds, at })
    .options(prepared('read-offer-terms'));
  return rows;
}

const READ_HOLDERS = `
  select l.lead_id as "leadId", t.partner_id as "partnerId"
  from unnest(:leadIds::text[]) l (lead_id)
  cross join lateral (
    select partner_id from lead_events e
    where e.lead_id = l.lead_id collate "C" and e.type = 'touch' order by e.seq desc limit 1
  ) t`;

/** R3: the partner of each lead's last touch; leads of the house are left out. */
export async function readHolders(db: Asks, leadIds: readonly string[]): Promise<Map<string, string>> {
  if (leadIds.length === 0) return new Map();
  const { rows } = await db
    .raw<{ rows: { leadId: string; partnerId: string }[] }>(READ_HOLDERS, { leadIds })
    .options(prepared('read-holders'));
  return new Map(rows.map(({ leadId, partnerId }) => [leadId, partnerId]));
}

const READ_EARLIER_PRICES = `
  select distinct on (e.conversion_id) e.conversion_id as "conversionId", e.price_amount as amount,
    e.price_currency as currency, e.price_version as "priceVersion", e.price_list_id as "priceListId",
    e.price_tier_from as "tierFrom", e.price_counted as counted, e.price_cap as cap, e.price_cap_limit as "capLimit"
  from lead_events e
  where e.conversion_id = any(:conversionIds::text[]) and e.type = 'status' and e.status = 'approved'
  order by e.conversion_id, e.seq`;

/** The price with which each conversion was first approved; those that never were are left out. */
export async function readEarlierPrices(db: Asks, conversionIds: readonly string[]): Promise<Map<string, FrozenPrice>> {
  if (conversionIds.length === 0) return new Map();
  const { rows } = await db
    .raw<{ rows: (FrozenPrice & { conversionId: string })[] }>(READ_EARLIER_PRICES, { conversionIds })
    .options(prepared('read-earlier-prices'));
  return new Map(rows.map(({ conversionId, ...price }) => [conversionId, price]));
}
