import type { Knex } from 'knex';
import { findReachedCap, type OfferCap } from '../../domain/offer-cap.ts';
import { findTier, type PriceTier } from '../../domain/price-list.ts';
import { periodOf } from '../../domain/price-period.ts';
import { findCounter, keyOf, readCounts, type CounterKind, type Counts } from './approval-counters.ts';
import { readClock } from './begin-counters.ts';
import { readOfferTerms, type ApplicableList, type OfferTerms } from './price-terms.ts';

/** How an offer stands with prices and its cap at this moment. */
export type PriceStanding = {
  offerId: string;
  /** The list for all partners; null while the offer's reward is the price. */
  list: ApplicableList | null;
  /** How many are approved in its period, and the tier of the next one. */
  counted: number;
  tier: PriceTier | null;
  /** The first day of the period. */
  periodStart: string | null;
  /** How many partners have a list of their own that applies. */
  partnersWithOwn: number;
  cap: (OfferCap & { approvedToday: number; approvedInAll: number }) | null;
  /** The next one brings nothing, because that cap is used up. */
  isUnpaid: boolean;
};

/** @returns nothing for an offer that is not there */
export async function readPriceStandings(db: Knex, offerIds: readonly string[]): Promise<Map<string, PriceStanding>> {
  const now = await readClock(db);
  const terms = await readOfferTerms(db, offerIds, now);
  const keys = terms.flatMap(({ counters }) =>
    counters.map((counter) => ({ counterId: counter.counterId, periodStart: periodOf(now, counter) })),
  );
  const unique = new Map(keys.map((key) => [keyOf(key), key]));
  const counts = await readCounts(db, [...unique.values()]);
  return new Map(terms.map((ofOffer) => [ofOffer.offerId, standingOf(ofOffer, counts, now)]));
}

function standingOf({ offerId, lists, cap, counters }: OfferTerms, counts: Counts, now: string): PriceStanding {
  const countOf = (kind: CounterKind) => {
    const { counterId } = findCounter(counters, kind);
    return counts.get(keyOf({ counterId, periodStart: periodOf(now, kind) })) ?? 0;
  };
  const list = lists.find(({ partnerId }) => partnerId === null) ?? null;
  const counted = list ? countOf(list) : 0;
  const capCounts = cap && {
    day: countOf({ counts: 'offer', period: 'day', timeZone: cap.timeZone }),
    total: countOf({ counts: 'offer', period: 'all', timeZone: cap.timeZone }),
  };
  return {
    offerId,
    list,
    counted,
    tier: list && findTier(list.tiers, counted),
    periodStart: list && periodOf(now, list),
    partnersWithOwn: lists.filter(({ partnerId }) => partnerId !== null).length,
    cap: cap && capCounts && { ...cap, approvedToday: capCounts.day, approvedInAll: capCounts.total },
    isUnpaid: cap?.beyond === 'pay_nothing' && capCounts !== null && findReachedCap(cap, capCounts) !== undefined,
  };
}
