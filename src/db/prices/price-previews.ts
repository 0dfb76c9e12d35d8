// What a past time would have cost under other prices, from the facts.
import type { Knex } from 'knex';
import type { PriceTier } from '../../domain/price-list.ts';
import { periodOf } from '../../domain/price-period.ts';
import { refuseField } from '../../errors.ts';
import { readAskedRange, type MomentRange } from '../asked-range.ts';
import { dayStart } from '../day-start.ts';
import { isCancelled } from '../sqlstate.ts';
import { readPricedOffer, refuseDraft, refuseTimeZone, type PriceListDraft } from './price-lists.ts';

/** `from` and `to` are moments (ISO 8601), or dates of the draft's time zone, which stand for their beginning. */
export type PricePreviewQuery = { from?: string | undefined; to?: string | undefined; byPartner: boolean };

/** Sums in minor units of the preview's currency: as it was, and as it would have been. */
export type PreviewSums = { conversions: number; was: number; would_be: number };

export type PricePreview = PreviewSums & {
  offer_id: string;
  /** From this moment on, and before `to`; ISO 8601. */
  from: string;
  to: string;
  currency: string;
  /** First approvals of the time; those that are not left out are compared. */
  approved: number;
  /** Compared with nothing, because the draft would have changed nothing about them. */
  left_out: Record<LeftOut, number>;
  tiers: (PriceTier & PreviewSums)[];
  /** Those with the most conversions first; null unless they were asked for. */
  partners: (PreviewSums & { partner_id: string; partner_name: string })[] | null;
  /** False when there are more partners than are given. */
  is_complete: boolean;
};

/**
 * - `house`: nobody earned anything
 * - `reversed`: its reward is revoked
 * - `other_list`: its partner had a list of its own; for a draft of one partner, it was another partner's
 * - `other_currency`: it was paid in another one
 * - `unsettled`: approved just now
 */
export const leftOutReasons = ['house', 'reversed', 'other_list', 'other_currency', 'unsettled'] as const;

export type LeftOut = (typeof leftOutReasons)[number];

/** How long a time may be previewed: a year and a month. */
export const MAX_PREVIEW_DAYS = 400;
const MAX_PARTNERS = 100;

/**
 * What the conversions that were approved in a past time would have cost, had the draft applied to all of it. It counts as
 * the draft counts, whatever was counted then; caps and reversals stay as they were.
 * @returns undefined when there is no such offer
 * @throws AppError `invalid` for a draft that cannot be this offer's, or a time that cannot be or is too long to be counted
 */
export async function previewPriceList(
  db: Knex,
  offerId: string,
  asked: PricePreviewQuery & { draft: PriceListDraft },
): Promise<PricePreview | undefined> {
  const offer = await readPricedOffer(db, offerId);
  if (!offer) return undefined;
  const { draft } = asked;
  const countedId = draft.counts === 'advertiser' ? offer.advertiser_id : offerId;
  return await inTime(() =>
    refuseTimeZone(draft.timeZone, () =>
      db.transaction(async (trx) => {
        await refuseDraft(trx, offerId, draft);
        const limits = { usualTo: 'now()', maxDays: MAX_PREVIEW_DAYS };
        const range = await readAskedRange(trx, { ...asked, timeZone: draft.timeZone }, limits);
        const countedBefore = await countBefore(trx, { draft, countedId, from: range.from });
        const groups = await readGroups(trx, { ...asked, ...range, offerId, countedId, countedBefore });
        const names = asked.byPartner ? await readNames(trx, groups) : null;
        return { offer_id: offerId, ...range, currency: draft.currency, ...sumUp(groups, draft.tiers, names) };
      }),
    ),
  );
}

async function inTime<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isCancelled(cause)) throw cause;
    throw refuseField('from', 'the time holds more approvals than can be counted at once: choose a shorter one', cause);
  }
}

const IS_FIRST_APPROVAL = `type = 'status' and status = 'approved' and is_reapproval is null`;

/** How many were approved between the beginning of the draft's period and `from`. */
async function countBefore(
  trx: Knex,
  { draft, countedId, from }: { draft: PriceListDraft; countedId: string; from: string },
): Promise<number> {
  const { counts, period, timeZone } = draft;
  const { rows } = await trx.raw<{ rows: [{ approved: number }] }>(
    `select count(*) as approved from lead_events
     where ${counts}_id = :countedId and ${IS_FIRST_APPROVAL} and at < :from
       and ${period === 'all' ? 'true' : `at >= ${dayStart(':periodStart')}`}`,
    { countedId, from, timeZone, periodStart: periodOf(from, draft) },
  );
  return rows[0].approved;
}

/** Conversions that share what the preview tells apart; `paying` are those that no cap had left without pay. */
type Group = {
  fate: LeftOut | 'compared';
  tierFrom: number;
  partnerId: string | null;
  conversions: number;
  paying: number;
  was: number;
};

async function readGroups(
  trx: Knex,
  asked: PricePreviewQuery &
    MomentRange & { draft: PriceListDraft; offerId: string; countedId: string; countedBefore: number },
): Promise<Group[]> {
  const { draft, byPartner, ...rest } = asked;
  const { counts, period, timeZone } = draft;
  const periodStart = (at: string) =>
    period === 'all' ? `date '1970-01-01'` : `date_trunc('${period}', ${at} at time zone :timeZone)`;
  const { rows } = await trx.raw<{ rows: Group[] }>(
    `with counted as (
       select offer_id, conversion_id, seq, at, price_amount, price_currency, price_cap,
         row_number() over (partition by ${periodStart('at')} order by at, lead_id, seq) - 1
           + case when ${periodStart('at')} = ${periodStart(':from::timestamptz')} then :countedBefore::bigint else 0 end
           as counted
       from lead_events
       where ${counts}_id = :countedId and ${IS_FIRST_APPROVAL} and at >= :from and at < :to
     ), approvals as (
       select a.*, s.partner_id,
         case
           when s.conversion_id is null then 'unsettled'
           when s.partner_id is null then 'house'
           when ${
             (draft.partnerId ?? null) === null
               ? `exists (
                    select from price_lists l
                    where l.offer_id = :offerId and l.partner_id = s.partner_id and l.effective_from <= a.at
                  )`
               : 's.partner_id <> :partnerId'
           } then 'other_list'
           when c.status <> 'approved' then 'reversed'
           when a.price_currency <> :currency then 'other_currency'
           else 'compared'
         end as fate
       from counted a
       join conversions c on c.conversion_id = a.conversion_id
       left join settlements s on s.conversion_id = a.conversion_id and s.seq = a.seq
       where a.offer_id = :offerId
     )
     select fate, (select max(t) from unnest(:froms::bigint[]) t where t <= counted) as "tierFrom",
       ${byPartner ? `case when fate = 'compared' then partner_id end` : 'null'} as "partnerId",
       count(*) as conversions, count(*) filter (where price_cap is null) as paying,
       coalesce(sum(price_amount), 0)::bigint as was
     from approvals group by 1, 2, 3`,
    {
      ...rest,
      timeZone,
      currency: draft.currency,
      partnerId: draft.partnerId ?? null,
      froms: draft.tiers.map(({ from }) => from),
    },
  );
  return rows;
}

async function readNames(trx: Knex, groups: Group[]): Promise<Map<string, string>> {
  const partners = await trx('partners')
    .whereIn('partner_id', [...new Set(groups.flatMap(({ partnerId }) => partnerId ?? []))])
    .select<{ partner_id: string; name: string }[]>('partner_id', 'name');
  return new Map(partners.map(({ partner_id, name }) => [partner_id, name]));
}

function sumUp(groups: Group[], tiers: PriceTier[], names: ReadonlyMap<string, string> | null) {
  const compared = groups.filter(({ fate }) => fate === 'compared');
  const leftOut = leftOutReasons.map(
    (reason) => [reason, countAll(groups.filter(({ fate }) => fate === reason))] as const,
  );
  const partners = [...(names ?? [])]
    .map(([partner_id, partner_name]) => {
      const own = compared.filter(({ partnerId }) => partnerId === partner_id);
      return { partner_id, partner_name, ...sumsOf(own, tiers) };
    })
    .sort((a, b) => b.conversions - a.conversions || (a.partner_id < b.partner_id ? -1 : 1));
  return {
    approved: countAll(groups),
    left_out: Object.fromEntries(leftOut) as Record<LeftOut, number>,
    ...sumsOf(compared, tiers),
    tiers: tiers.map((tier) => ({
      ...tier,
      ...sumsOf(
        compared.filter(({ tierFrom }) => tierFrom === tier.from),
        tiers,
      ),
    })),
    partners: names && partners.slice(0, MAX_PARTNERS),
    is_complete: partners.length <= MAX_PARTNERS,
  };
}

function countAll(groups: Group[]): number {
  return groups.reduce((sum, { conversions }) => sum + conversions, 0);
}

function sumsOf(groups: Group[], tiers: PriceTier[]): PreviewSums {
  const amounts = new Map(tiers.map(({ from, amount }) => [from, amount]));
  return {
    conversions: countAll(groups),
    was: groups.reduce((sum, { was }) => sum + was, 0),
    would_be: groups.reduce((sum, { tierFrom, paying }) => sum + paying * (amounts.get(tierFrom) ?? 0), 0),
  };
}
