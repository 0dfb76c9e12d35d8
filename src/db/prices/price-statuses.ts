// R13: the price of a status, fixed in the transaction that writes it.
import { findReachedCap, type OfferCap } from '../../domain/offer-cap.ts';
import { findPriceList, findTier } from '../../domain/price-list.ts';
import { periodOf } from '../../domain/price-period.ts';
import type { Status } from '../../domain/status.ts';
import type { Asks } from '../pipelined.ts';
import type { Price } from '../settlements.ts';
import { findCounter, keyOf, moveCounters, readCounts, type CountKey, type Counts } from './approval-counters.ts';
import type { Closing } from './closed-offers.ts';
import { readEarlierPrices, readHolders, readOfferTerms, type FrozenPrice, type OfferTerms } from './price-terms.ts';

/** A status that was judged recorded, before it is written. Its lead is locked, its advertiser's counters are shared. */
export type StatusToPrice = {
  leadId: string;
  conversionId: string;
  offerId: string;
  status: Status;
  /** The conversion's status before this one. */
  before: Status | null;
  /** When it is recorded: ISO 8601 UTC, in milliseconds, and to be written as its event's time. */
  at: string;
  /** What the offer brings where no list applies. */
  reward: Price;
  /** False when no price list and no cap has its approvals counted. */
  isCounted: boolean;
};

/** `isReapproval`: the conversion was approved before, so it keeps that price and counts no more. */
export type StatusPrice = FrozenPrice & { isReapproval: boolean };

/** How many were approved before a status, by {@link keyOf}. */
type CountsBefore = (key: CountKey) => number;

/**
 * Prices statuses in the order given. A conversion that is approved for the first time counts; every other status carries
 * the price as things stand. The counts stay locked until the transaction ends, so this comes late in it.
 * @returns the prices in the same order, and the offers whose caps they use up, which are to be closed
 */
export async function priceStatuses(
  trx: Asks,
  statuses: readonly StatusToPrice[],
): Promise<{ prices: StatusPrice[]; closings: Closing[] }> {
  const earlier = await readEarlierPrices(trx, statuses.filter(isCorrected).map(conversionOf));
  const terms = await readTerms(trx, statuses);
  const firsts = findFirstApprovals(statuses, earlier);
  const { counts, closings } = await count(trx, statuses, { firsts, terms });
  const holders = await readHolders(trx, statuses.filter((status) => hasOwnLists(status, terms)).map(leadOf));
  const prices = statuses.map((status) => {
    const kept = status.status === 'approved' ? earlier.get(status.conversionId) : undefined;
    if (kept) return { ...kept, isReapproval: true };
    const price = priceOf(status, {
      terms: terms.get(status.offerId),
      partnerId: holders.get(status.leadId) ?? null,
      countsBefore: (key) => counts.get(status)?.get(keyOf(key)) ?? 0,
    });
    if (status.status === 'approved') earlier.set(status.conversionId, price);
    return { ...price, isReapproval: false };
  });
  return { prices, closings };
}

function conversionOf({ conversionId }: StatusToPrice): string {
  return conversionId;
}

function leadOf({ leadId }: StatusToPrice): string {
  return leadId;
}

/** Only what was rejected can have been approved before: R7. */
function isCorrected({ status, before }: StatusToPrice): boolean {
  return status === 'approved' && before === 'rejected';
}

/** @param prices of conversions that were approved in earlier transactions */
function findFirstApprovals(
  statuses: readonly StatusToPrice[],
  prices: ReadonlyMap<string, FrozenPrice>,
): Set<StatusToPrice> {
  const firsts = new Map<string, StatusToPrice>();
  for (const status of statuses) {
    const { conversionId } = status;
    if (status.status !== 'approved' || prices.has(conversionId) || firsts.has(conversionId)) continue;
    firsts.set(conversionId, status);
  }
  return new Set(firsts.values());
}

type Terms = ReadonlyMap<string, OfferTerms>;

async function readTerms(trx: Asks, statuses: readonly StatusToPrice[]): Promise<Terms> {
  const counted = statuses.filter(({ isCounted }) => isCounted);
  const latest = counted.reduce((at, status) => (status.at > at ? status.at : at), '');
  const terms = await readOfferTerms(trx, [...new Set(counted.map(({ offerId }) => offerId))], latest);
  return new Map(terms.map((ofOffer) => [ofOffer.offerId, ofOffer]));
}

function hasOwnLists({ offerId }: StatusToPrice, terms: Terms): boolean {
  return terms.get(offerId)?.lists.some(({ partnerId }) => partnerId !== null) ?? false;
}

/**
 * Counts the first approvals.
 * @returns for each status, how many were approved before it; and the offers whose caps they use up
 */
async function count(
  trx: Asks,
  statuses: readonly StatusToPrice[],
  { firsts, terms }: { firsts: ReadonlySet<StatusToPrice>; terms: Terms },
): Promise<{ counts: Map<StatusToPrice, Counts>; closings: Closing[] }> {
  if (terms.size === 0) return { counts: new Map(), closings: [] };
  const keysOf = (status: StatusToPrice) =>
    (terms.get(status.offerId)?.counters ?? []).map((counter) => ({
      counterId: counter.counterId,
      periodStart: periodOf(status.at, counter),
    }));
  const moves = sumUp([...firsts].flatMap(keysOf));
  const moved = await moveCounters(trx, moves);
  const others = statuses.filter((status) => !firsts.has(status)).flatMap(keysOf);
  const resting = await readCounts(trx, sumUp(others.filter((key) => !moved.has(keyOf(key)))));
  const next = new Map([
    ...resting,
    ...moves.map((move) => [keyOf(move), (moved.get(keyOf(move)) ?? 0) - move.by] as const),
  ]);

  const before = new Map<StatusToPrice, Counts>();
  const closings: Closing[] = [];
  for (const status of statuses) {
    const keys = keysOf(status).map(keyOf);
    before.set(status, new Map(keys.map((key) => [key, next.get(key) ?? 0])));
    if (!firsts.has(status)) continue;
    for (const key of keys) next.set(key, (next.get(key) ?? 0) + 1);
    closings.push(...findClosings(status, terms.get(status.offerId), (key) => next.get(keyOf(key)) ?? 0));
  }
  return { counts: before, closings };
}

/** Each key once, with how often it comes. */
function sumUp(keys: readonly CountKey[]): (CountKey & { by: number })[] {
  const sums = new Map<string, CountKey & { by: number }>();
  for (const key of keys) {
    const sum = sums.get(keyOf(key));
    if (sum) sum.by++;
    else sums.set(keyOf(key), { ...key, by: 1 });
  }
  return [...sums.values()];
}

/** The offer's cap when this approval was the last one that it allows. */
function findClosings({ offerId, at }: StatusToPrice, terms: OfferTerms | undefined, after: CountsBefore): Closing[] {
  const cap = terms?.cap;
  if (cap?.beyond !== 'close_offer') return [];
  const counts = capCountsOf(terms, cap, { at, countsBefore: after });
  const { timeZone } = cap;
  const periodStart = periodOf(at, { period: 'day', timeZone });
  const reached = (['day', 'total'] as const).filter((limit) => cap[limit] !== null && counts[limit] === cap[limit]);
  return reached.map((limit) => ({ offerId, reason: `cap_${limit}`, periodStart, timeZone }));
}

function priceOf(
  { at, reward }: StatusToPrice,
  asked: { terms: OfferTerms | undefined; partnerId: string | null; countsBefore: CountsBefore },
): FrozenPrice {
  const { terms, partnerId, countsBefore } = asked;
  const list = terms && findPriceList(terms.lists, { at, partnerId });
  const counter = list && findCounter(terms.counters, list);
  const counted = counter ? countsBefore({ counterId: counter.counterId, periodStart: periodOf(at, list) }) : null;
  const tier = list && findTier(list.tiers, counted ?? 0);
  const cap = terms?.cap?.beyond === 'pay_nothing' ? terms.cap : undefined;
  const reached = cap && findReachedCap(cap, capCountsOf(terms, cap, { at, countsBefore }));
  return {
    amount: reached ? 0 : (tier?.amount ?? reward.amount),
    currency: list?.currency ?? reward.currency,
    priceVersion: list?.version ?? reward.priceVersion,
    priceListId: list?.listId ?? null,
    tierFrom: tier?.from ?? null,
    counted,
    cap: reached?.reason ?? null,
    capLimit: reached?.limit ?? null,
  };
}

function capCountsOf(
  terms: OfferTerms | undefined,
  { timeZone }: OfferCap,
  { at, countsBefore }: { at: string; countsBefore: CountsBefore },
): { day: number; total: number } {
  const countOf = (period: 'day' | 'all') => {
    const counter = findCounter(terms?.counters ?? [], { counts: 'offer', period, timeZone });
    return countsBefore({ counterId: counter.counterId, periodStart: periodOf(at, { period, timeZone }) });
  };
  return { day: countOf('day'), total: countOf('all') };
}
