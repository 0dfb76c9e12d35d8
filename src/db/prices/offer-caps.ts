import type { Knex } from 'knex';
import { findReachedCap, type CapReason, type OfferCap } from '../../domain/offer-cap.ts';
import { periodOf } from '../../domain/price-period.ts';
import { findCounter, keyOf, readCounts, type ApprovalCounter, type CounterKind } from './approval-counters.ts';
import { readClock, whileNothingIsApproved } from './begin-counters.ts';
import { closeOffers, reopenOffer } from './closed-offers.ts';
import { readPricedOffer, refuseTimeZone } from './price-lists.ts';
import { readOfferTerms } from './price-terms.ts';

/** An offer's cap, and how much of it is used up. */
export type OfferCapRecord = OfferCap & {
  approvedToday: number;
  approvedInAll: number;
  /** Null while there is room. */
  reached: CapReason | null;
  /** When it was taken from walls and links; null when it was not. */
  closedAt: string | null;
  /** Null when it is not closed, or until its cap is changed. */
  closedUntil: string | null;
};

/**
 * Gives an offer a cap, or takes it away. It counts all that was approved of the offer, also before it was made; what was
 * approved keeps its price. An offer that its earlier cap had closed opens again when there is room now.
 * @returns undefined when there is no such offer; null when it has no cap any more
 * @throws AppError `invalid` for a time zone that is not known; `unavailable` when statuses of its advertiser do not let the
 *   change in within some four seconds
 */
export async function setOfferCap(
  db: Knex,
  offerId: string,
  cap: OfferCap | null,
): Promise<OfferCapRecord | null | undefined> {
  const offer = await readPricedOffer(db, offerId);
  if (!offer) return undefined;
  const counted = { offerId, advertiserId: offer.advertiser_id };
  return await refuseTimeZone(cap?.timeZone ?? 'UTC', () =>
    whileNothingIsApproved(db, { counted, kinds: cap ? kindsOf(cap) : [] }, async (trx, now) => {
      await writeCap(trx, offerId, cap);
      const record = await readCapAt(trx, offerId, now);
      const isClosed = cap?.beyond === 'close_offer' && record?.reached;
      await reopenOffer(trx, offerId);
      if (!isClosed) return await readCapAt(trx, offerId, now);
      const periodStart = periodOf(now, { period: 'day', timeZone: cap.timeZone });
      await closeOffers(trx, [{ offerId, reason: isClosed, periodStart, timeZone: cap.timeZone }]);
      return await readCapAt(trx, offerId, now);
    }),
  );
}

/** @returns undefined when there is no such offer; null when it has no cap */
export async function readOfferCap(db: Knex, offerId: string): Promise<OfferCapRecord | null | undefined> {
  const offer = await readPricedOffer(db, offerId);
  return offer && (await readCapAt(db, offerId, await readClock(db)));
}

async function writeCap(trx: Knex, offerId: string, cap: OfferCap | null): Promise<void> {
  if (!cap) return void (await trx('offer_caps').where({ offer_id: offerId }).delete());
  const { timeZone: time_zone, ...limits } = cap;
  const row = { offer_id: offerId, ...limits, time_zone, updated_at: trx.fn.now() };
  await trx('offer_caps').insert(row).onConflict('offer_id').merge();
}

function kindsOf({ timeZone }: OfferCap): [CounterKind, CounterKind] {
  return [
    { counts: 'offer', period: 'day', timeZone },
    { counts: 'offer', period: 'all', timeZone },
  ];
}

async function readCapAt(db: Knex, offerId: string, now: string): Promise<OfferCapRecord | null> {
  const [terms] = await readOfferTerms(db, [offerId], now);
  if (!terms?.cap) return null;
  const { cap, counters } = terms;
  const { day, total } = await countFor(db, { cap, counters }, now);
  const closed = await db('closed_offers')
    .where({ offer_id: offerId })
    .andWhereRaw('coalesce(closed_until > now(), true)')
    .first<{ closed_at: string; closed_until: string | null } | undefined>('closed_at', 'closed_until');
  return {
    ...cap,
    approvedToday: day,
    approvedInAll: total,
    reached: findReachedCap(cap, { day, total })?.reason ?? null,
    closedAt: closed?.closed_at ?? null,
    closedUntil: closed?.closed_until ?? null,
  };
}

async function countFor(
  db: Knex,
  { cap, counters }: { cap: OfferCap; counters: ApprovalCounter[] },
  now: string,
): Promise<{ day: number; total: number }> {
  const [day, total] = kindsOf(cap);
  const keyFor = (kind: CounterKind) => ({
    counterId: findCounter(counters, kind).counterId,
    periodStart: periodOf(now, kind),
  });
  const counts = await readCounts(db, [keyFor(day), keyFor(total)]);
  return { day: counts.get(keyOf(keyFor(day))) ?? 0, total: counts.get(keyOf(keyFor(total))) ?? 0 };
}
