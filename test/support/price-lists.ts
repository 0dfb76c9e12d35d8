import type { PriceListDraft } from '../../src/db/prices/price-lists.ts';
import type { OfferCap } from '../../src/domain/offer-cap.ts';
import { MIDDAY } from './time-zones.ts';

/** A list that pays 10.00 for the first two of all time, and 12.00 from the third on. */
export function draftOf(changes: Partial<PriceListDraft> = {}): PriceListDraft {
  const tiers = [
    { from: 0, amount: 1000 },
    { from: 2, amount: 1200 },
  ];
  return { currency: 'USD', tiers, counts: 'advertiser', period: 'all', timeZone: 'UTC', ...changes };
}

export function capOf(changes: Partial<OfferCap> = {}): OfferCap {
  return { day: null, total: 2, timeZone: MIDDAY, beyond: 'pay_nothing', ...changes };
}
