import type { Knex } from 'knex';
import {
  judgePriceList,
  type PriceListScope,
  type PriceListState,
  type PriceTerms,
  type PriceTier,
} from '../../domain/price-list.ts';
import { refuseField } from '../../errors.ts';
import { isParameterRefused } from '../sqlstate.ts';
import { readClock, whileNothingIsApproved } from './begin-counters.ts';
import { dayStart } from '../day-start.ts';

/**
 * A list that ops draft; without `partnerId` it is for all partners. `effectiveFrom` is a moment (ISO 8601), or a date of the
 * list's time zone, for its beginning; without it the list applies at once.
 */
export type PriceListDraft = PriceTerms & { effectiveFrom?: string | undefined; partnerId?: string | null | undefined };

/** A version of an offer's prices, as ops see it. */
export type PriceListRow = {
  list_id: number;
  offer_id: string;
  /** Null: for every partner that has no list of its own. */
  partner_id: string | null;
  version: number;
  effective_from: string;
  currency: string;
  tiers: PriceTier[];
  counts: PriceTerms['counts'];
  period: PriceTerms['period'];
  time_zone: string;
  created_at: string;
};

export type PriceListRecord = PriceListRow & { state: PriceListState };

export const PRICE_LIST_COLUMNS = [
  'list_id',
  'offer_id',
  'partner_id',
  'version',
  'effective_from',
  'currency',
  'tiers',
  'counts',
  'period',
  'time_zone',
  'created_at',
] as const satisfies (keyof PriceListRow)[];

/**
 * Adds a version to an offer's prices. It is never changed afterwards: another version takes its place.
 * R13: what has been approved keeps its price, so a list begins in the past only when nothing was approved since.
 * @returns undefined when there is no such offer
 * @throws AppError `invalid` for another currency than the offer's, a partner or a time zone that is not there, or such a
 *   beginning; `unavailable` when statuses of its advertiser do not let the change in within some four seconds
 */
export async function createPriceList(
  db: Knex,
  offerId: string,
  draft: PriceListDraft,
): Promise<PriceListRecord | undefined> {
  const offer = await readPricedOffer(db, offerId);
  if (!offer) return undefined;
  const counted = { offerId, advertiserId: offer.advertiser_id };
  return await refuseTimeZone(draft.timeZone, () =>
    whileNothingIsApproved(db, { counted, kinds: [draft] }, async (trx, now) => {
      // So that the offer does not get another currency meanwhile.
      await trx('offers').where({ offer_id: offerId }).forNoKeyUpdate().select('offer_id');
      await refuseDraft(trx, offerId, draft);
      const effectiveFrom = draft.effectiveFrom === undefined ? now : await readMoment(trx, draft.effectiveFrom, draft);
      if (effectiveFrom < now) await refuseWhenApprovedSince(trx, offerId, effectiveFrom);
      const row = await insertPriceList(trx, offerId, { ...draft, effectiveFrom });
      return judged([row], await readAll(trx, offerId), now)[0];
    }),
  );
}

/** All versions of an offer's prices, the latest beginning first. */
export async function listPriceLists(db: Knex, offerId: string): Promise<PriceListRecord[]> {
  const rows = await readAll(db, offerId);
  return judged(rows, rows, await readClock(db));
}

/**
 * What a draft cannot be for this offer: an offer has one currency, because a partner's tracker knows one for it and no
 * sum goes across two.
 * @throws AppError `invalid`
 */
export async function refuseDraft(db: Knex, offerId: string, draft: PriceListDraft): Promise<void> {
  const offer = await db('offers').where({ offer_id: offerId }).first<{ reward_currency: string }>('reward_currency');
  const { reward_currency: currency } = offer;
  if (draft.currency !== currency) {
    throw refuseField(
      'currency',
      `must be ${currency}, the currency of offer ${offerId}: make another offer for another one`,
    );
  }
  if (draft.partnerId === null || draft.partnerId === undefined) return;
  const partner = await db('partners').where({ partner_id: draft.partnerId }).first<object | undefined>('partner_id');
  if (!partner) throw refuseField('partner_id', `there is no partner ${draft.partnerId}`);
}

/** Postgres may not know every time zone that Node knows. */
export async function refuseTimeZone<T>(timeZone: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isParameterRefused(cause)) throw cause;
    throw refuseField('time_zone', `"${timeZone}" is not a time zone that we know`, cause);
  }
}

/** What pricing needs to know of an offer before it looks closer. */
export async function readPricedOffer(db: Knex, offerId: string): Promise<{ advertiser_id: string } | undefined> {
  return await db('offers').where({ offer_id: offerId }).first<{ advertiser_id: string } | undefined>('advertiser_id');
}

async function readMoment(trx: Knex, given: string, { timeZone }: PriceListDraft): Promise<string> {
  if (given.includes('T')) return given;
  const { rows } = await trx.raw<{ rows: [{ moment: string }] }>(`select ${dayStart(':given')} as moment`, {
    given,
    timeZone,
  });
  return rows[0].moment;
}

async function refuseWhenApprovedSince(trx: Knex, offerId: string, effectiveFrom: string): Promise<void> {
  const approval = await trx('lead_events')
    .where({ offer_id: offerId, type: 'status', status: 'approved' })
    .whereNull('is_reapproval')
    .andWhere('at', '>=', effectiveFrom)
    .orderBy('at', 'desc')
    .first<{ at: string } | undefined>('at');
  if (!approval) return;
  const why = `conversions of offer ${offerId} were approved since, the last at ${approval.at}, and keep their price (R13)`;
  throw refuseField('effective_from', `must not lie in the past: ${why}; leave it out to begin now`);
}

async function insertPriceList(
  trx: Knex,
  offerId: string,
  draft: PriceListDraft & { effectiveFrom: string },
): Promise<PriceListRow> {
  const partnerId = draft.partnerId ?? null;
  const last = await trx('price_lists')
    .where({ offer_id: offerId, partner_id: partnerId })
    .max<{ version: number | null }[]>('version as version');
  const [row] = await trx('price_lists')
    .insert({
      offer_id: offerId,
      partner_id: partnerId,
      version: (last[0]?.version ?? 0) + 1,
      effective_from: draft.effectiveFrom,
      currency: draft.currency,
      tiers: JSON.stringify(draft.tiers),
      counts: draft.counts,
      period: draft.period,
      time_zone: draft.timeZone,
    })
    .returning<PriceListRow[]>([...PRICE_LIST_COLUMNS]);
  if (!row) throw new Error('Postgres returned nothing for a stored price list.');
  return row;
}

async function readAll(db: Knex, offerId: string): Promise<PriceListRow[]> {
  return await db('price_lists')
    .where({ offer_id: offerId })
    .orderBy([
      { column: 'effective_from', order: 'desc' },
      { column: 'list_id', order: 'desc' },
    ])
    .select<PriceListRow[]>([...PRICE_LIST_COLUMNS]);
}

function judged(rows: PriceListRow[], all: PriceListRow[], now: string): PriceListRecord[] {
  const scopes = all.map(scopeOf);
  return rows.map((row) => ({ ...row, state: judgePriceList(scopeOf(row), scopes, now) }));
}

function scopeOf({ version, effective_from: effectiveFrom, partner_id: partnerId }: PriceListRow): PriceListScope {
  return { version, effectiveFrom, partnerId };
}
