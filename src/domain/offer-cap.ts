/**
 * What becomes of conversions beyond an offer's cap:
 * - `pay_nothing`: they are approved as ever, and bring nobody anything
 * - `close_offer`: the offer is taken from walls and links; what was clicked before, or is approved later, is paid
 */
export const beyondCap = ['pay_nothing', 'close_offer'] as const;

export type BeyondCap = (typeof beyondCap)[number];

/** How many approved conversions an offer takes; null: as many as come. */
export type OfferCap = {
  day: number | null;
  total: number | null;
  /** IANA; the one in which days begin. */
  timeZone: string;
  beyond: BeyondCap;
};

/** Why an approved conversion brings nothing. */
export const capReasons = ['cap_day', 'cap_total'] as const;

export type CapReason = (typeof capReasons)[number];

/** A cap that is reached: which, and how many conversions it allows. */
export type ReachedCap = { reason: CapReason; limit: number };

/** How many conversions of an offer were approved: on the day in question, and ever. */
export type CapCounts = { day: number; total: number };

/**
 * Whether the cap is used up when so many were approved. That of all days goes before that of a day, because no morning
 * ends it.
 * @returns undefined when there is room for one more
 */
export function findReachedCap({ day, total }: OfferCap, counts: CapCounts): ReachedCap | undefined {
  if (total !== null && counts.total >= total) return { reason: 'cap_total', limit: total };
  if (day !== null && counts.day >= day) return { reason: 'cap_day', limit: day };
  return undefined;
}
