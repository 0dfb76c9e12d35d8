import type { PricePeriod } from './price-period.ts';

/** What an approved conversion brings, once `from` others were approved before it in the period. */
export type PriceTier = {
  from: number;
  /** Minor units of the list's currency. */
  amount: number;
};

/** Whose approved conversions count: those of all offers of the advertiser, or of the offer alone; whoever won them. */
export const countedBy = ['advertiser', 'offer'] as const;

export type CountedBy = (typeof countedBy)[number];

/** What a price is worked out from. */
export type PriceTerms = {
  currency: string;
  /** In ascending order; the first is from 0. */
  tiers: PriceTier[];
  counts: CountedBy;
  period: PricePeriod;
  /** IANA; the one in which a period begins. */
  timeZone: string;
};

/** When a list begins to apply, and to whom. */
export type PriceListScope = {
  version: number;
  /** ISO 8601 UTC, in milliseconds. */
  effectiveFrom: string;
  /** Null: for every partner that has no list of its own. */
  partnerId: string | null;
};

/**
 * - `coming`: applies from a later moment on
 * - `current`: applies now
 * - `past`: another one has taken its place
 * - `superseded`: a later version begins at the same moment, so it never applies any more
 */
export const priceListStates = ['coming', 'current', 'past', 'superseded'] as const;

export type PriceListState = (typeof priceListStates)[number];

/** More would be no price list but a mistake. */
export const MAX_TIERS = 50;

/** @returns what is wrong with the tiers of a list; undefined when they can be used */
export function checkTiers(tiers: readonly PriceTier[]): string | undefined {
  const [first] = tiers;
  if (!first) return 'must hold at least one tier';
  if (tiers.length > MAX_TIERS) return `must hold ${MAX_TIERS} tiers at most`;
  if (first.from !== 0) return 'must begin with a tier from 0, because the first conversion has none before it';
  const disordered = tiers.find(({ from }, index) => index > 0 && from <= (tiers[index - 1]?.from ?? 0));
  if (disordered) return `must rise from tier to tier: the one from ${disordered.from} does not`;
  return undefined;
}

/**
 * R13: the tier of a conversion before which `countBefore` others were approved in the period.
 * @throws RangeError when the list has no tier from 0
 */
export function findTier(tiers: readonly PriceTier[], countBefore: number): PriceTier {
  const tier = tiers.findLast(({ from }) => from <= countBefore);
  if (!tier) throw new RangeError(`There is no tier for a conversion with ${countBefore} before it.`);
  return tier;
}

/**
 * R13: the list that applies to a partner at a moment. A list of its own goes before the general one; of each, the one
 * with the latest beginning that is not after the moment, and of two that begin together the later version.
 * @param at ISO 8601 UTC, in milliseconds
 * @returns undefined when none applies: then the offer's reward is the price
 */
export function findPriceList<List extends PriceListScope>(
  lists: readonly List[],
  { at, partnerId }: { at: string; partnerId: string | null },
): List | undefined {
  const own = partnerId === null ? undefined : findLatest(lists, { at, partnerId });
  return own ?? findLatest(lists, { at, partnerId: null });
}

/** What has become of a list, among all lists of its offer. */
export function judgePriceList(list: PriceListScope, all: readonly PriceListScope[], now: string): PriceListState {
  const { partnerId, effectiveFrom, version } = list;
  const isReplaced = all.some(
    (other) => other.partnerId === partnerId && other.effectiveFrom === effectiveFrom && other.version > version,
  );
  if (isReplaced) return 'superseded';
  if (effectiveFrom > now) return 'coming';
  return findLatest(all, { at: now, partnerId })?.version === version ? 'current' : 'past';
}

function findLatest<List extends PriceListScope>(
  lists: readonly List[],
  { at, partnerId }: { at: string; partnerId: string | null },
): List | undefined {
  return lists
    .filter((list) => list.partnerId === partnerId && list.effectiveFrom <= at)
    .reduce<List | undefined>((latest, list) => (latest && !beginsLater(list, latest) ? latest : list), undefined);
}

function beginsLater(list: PriceListScope, other: PriceListScope): boolean {
  if (list.effectiveFrom !== other.effectiveFrom) return list.effectiveFrom > other.effectiveFrom;
  return list.version > other.version;
}
