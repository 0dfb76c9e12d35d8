/** Numbers that look random and are the same on every machine, so that the demo's history is always as good. */
export type Random = {
  /** From 0 up to 1. */
  fraction(): number;
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
  isIn(share: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** Letters and digits. */
  id(length: number): string;
};

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

/** The generator mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed;
  const fraction = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(fraction() * limit);
  return {
    fraction,
    below,
    isIn: (share) => fraction() < share,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    id: (length) => Array.from({ length }, () => ALPHABET[below(ALPHABET.length)]).join(''),
  };
}
