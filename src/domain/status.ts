export const statuses = ['pending', 'approved', 'rejected'] as const;

/** What an advertiser says became of a conversion. */
export type Status = (typeof statuses)[number];

/** What a reported status means for a conversion that already has, or has not, a status. */
export type Transition = 'recorded' | 'duplicate' | 'stale';

/**
 * Reads an advertiser's word for a status, in any case and with surrounding blanks; the one place that knows such words.
 *
 * @returns undefined for a word that is not known
 */
export function parseStatus(word: string): Status | undefined {
  const normalised = word.trim().toLowerCase();
  return statuses.find((status) => status === normalised);
}

/**
 * R7: the first status may be any; `pending` gives way to a decision; a decision may be corrected;
 * the same again is a duplicate; `pending` after a decision is stale.
 */
export function judgeTransition(current: Status | null, reported: Status): Transition {
  if (current === reported) return 'duplicate';
  if (current !== null && reported === 'pending') return 'stale';
  return 'recorded';
}
