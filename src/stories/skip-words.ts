import type { SkipReason } from '../db/postbacks.ts';

const WORDS: Readonly<Record<SkipReason, string>> = {
  no_ref_id: 'no ref_id',
  not_configured: 'no postback URL',
  status_off: 'switched off',
  not_notified: 'booked without postbacks',
  house: 'the house gets none',
};

/** Why a postback is not sent, in a few words. */
export function tellSkip(reason: SkipReason): string {
  return WORDS[reason];
}
