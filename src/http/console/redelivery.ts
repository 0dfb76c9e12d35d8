import type { PostbackState } from '../../db/postbacks.ts';

/** What a postback's page says of redelivering it. */
export type RedeliveryShown = {
  /** True while it may change by itself: then its part of the page is asked for anew. */
  isMoving: boolean;
  /** True when it can be redelivered. */
  isPossible: boolean;
  /** Why it cannot be, as part of a sentence; null where it can, or where the page says so already. */
  refusal: string | null;
};

/**
 * @param again what became of the redelivery that was asked for last; undefined when none was
 * @param refusal why it cannot be redelivered, null when it can
 */
export function showRedelivery(
  state: PostbackState,
  { again, refusal }: { again: { tone: 'good' | 'bad' | 'busy' } | undefined; refusal: string | null },
): RedeliveryShown {
  const isMoving = state === 'scheduled' || state === 'retrying' || again?.tone === 'busy';
  // What has just been refused is said above, and what was superseded says why itself.
  const isSaid = isMoving || again?.tone === 'bad' || state === 'superseded';
  return { isMoving, isPossible: !isMoving && refusal === null, refusal: isSaid ? null : refusal };
}
