import { normaliseWord } from './vocabulary.ts';
import type { Status } from './status.ts';

/** What a word most likely means, and how many of the networks that were counted use it so. */
export type Suggestion = { status: Status; networks: number };

// Of 395 affiliate networks' presets for the tracker Keitaro, those that use the word so (Orbitra,
// data/keitaro_affiliate_networks.json). Digits are left out: "1" is approved for 30 and pending for 10, so a guess would
// book or lose money for a third of those who send it.
const COUNTED: Readonly<Record<Status, Readonly<Record<string, number>>>> = {
  pending: { pending: 32, reg: 20, lead: 19, hold: 17, new: 16, dep: 11, wait: 10, subscribe: 8, waiting: 6 },
  approved: {
    ...{ approved: 41, approve: 25, rebill: 24, confirmed: 16, sale: 7, confirm: 7, paid: 4, buyout: 4, accepted: 3 },
    billed: 2,
  },
  rejected: {
    ...{ rejected: 47, trash: 42, reject: 18, cancel: 9, declined: 9, cancelled: 5, fail: 5, canceled: 4 },
    ...{ duplicate: 4, decline: 4, spam: 3 },
  },
};

const SUGGESTIONS = new Map(
  Object.entries(COUNTED).flatMap(([status, words]) =>
    Object.entries(words).map(([word, networks]) => [word, { status: status as Status, networks }] as const),
  ),
);

/** What others mean by a word; undefined for digits and for what hardly anybody uses. It is for people to decide. */
export function suggestMeaning(word: string): Suggestion | undefined {
  return SUGGESTIONS.get(normaliseWord(word));
}
