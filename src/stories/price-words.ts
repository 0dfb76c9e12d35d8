// Prices and caps in words, for ops and for partners.
import type { StatusPrice } from '../db/reports/price-facts.ts';
import { formatMajorUnits } from '../domain/money.ts';
import type { CapReason, OfferCap } from '../domain/offer-cap.ts';
import type { CountedBy } from '../domain/price-list.ts';
import { periodOf, type PricePeriod } from '../domain/price-period.ts';

/** How the advertiser and the offer of a price are called. */
type Subjects = Record<CountedBy, string>;

/**
 * Where a price comes from, such as `12.00 USD: the tier from 100, because it was the 137th approved conversion of
 * advertiser First Bank in 2026-11 (Europe/Berlin); price list version 3`.
 */
export function tellPrice(price: Omit<StatusPrice, 'conversionId' | 'seq' | 'listId'>, subjects: Subjects): string {
  const kept = price.isReapproval ? ' It keeps the price of its first approval.' : '';
  return `${tellOrigin(price, subjects)}.${kept}`;
}

function tellOrigin(price: Omit<StatusPrice, 'conversionId' | 'seq' | 'listId'>, subjects: Subjects): string {
  const { amount, currency, version, list } = price;
  const money = `${formatMajorUnits(amount, currency)} ${currency}`;
  if (price.cap !== null) return `${money}: ${tellReachedCap(price.cap, price.capLimit)}`;
  if (!list) return `${money}: the offer's reward, version ${version}; no price list applied`;
  const own = list.partnerId === null ? '' : ` for ${list.partnerId} alone`;
  const ordinal = `the ${sayOrdinal((price.counted ?? 0) + 1)} approved conversion of ${subjects[list.counts]}`;
  const tier = `the tier from ${price.tierFrom}, because it was ${ordinal} ${sayPeriod(price.at, list)}`;
  return `${money}: ${tier}; price list version ${version}${own}`;
}

/** Why a conversion beyond a cap brings nothing. */
export function tellReachedCap(reason: CapReason, limit: number | null): string {
  const conversions = `${limit} approved ${limit === 1 ? 'conversion' : 'conversions'}`;
  const allowed = reason === 'cap_day' ? `${conversions} a day` : `${conversions} in all`;
  return `the offer pays for ${allowed}, and that many were approved before it (${reason})`;
}

/** How far a cap is used up, and what becomes of conversions beyond it. */
export function tellCap(
  cap: OfferCap & { approvedToday: number; approvedInAll: number; closedAt: string | null },
): string {
  const { day, total, timeZone, beyond, closedAt } = cap;
  const used = [
    ...(day === null ? [] : [`${cap.approvedToday} approved today (${timeZone}), the cap is ${day}`]),
    ...(total === null ? [] : [`${cap.approvedInAll} approved in all, the cap is ${total}`]),
  ].join('; ');
  const rest =
    beyond === 'pay_nothing'
      ? 'Further ones are approved as ever and bring nobody anything; their postbacks carry the reason cap_day or cap_total'
      : 'When that many are, the offer is taken from walls and links; what was clicked before is still approved and paid';
  return `${used}. ${rest}.${closedAt === null ? '' : ' The offer is closed at the moment.'}`;
}

function sayPeriod(at: string, terms: { period: PricePeriod; timeZone: string }): string {
  const first = periodOf(at, terms);
  switch (terms.period) {
    case 'day':
      return `on ${first} (${terms.timeZone})`;
    case 'week':
      return `in the week from ${first} (${terms.timeZone})`;
    case 'month':
      return `in ${first.slice(0, 'YYYY-MM'.length)} (${terms.timeZone})`;
    case 'all':
      return 'so far';
  }
}

const SUFFIXES: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' };
const ordinals = new Intl.PluralRules('en', { type: 'ordinal' });

/** `1st`, `112th`. */
function sayOrdinal(n: number): string {
  return `${n}${SUFFIXES[ordinals.select(n)] ?? 'th'}`;
}
