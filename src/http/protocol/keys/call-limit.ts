import { MemoryStore, type Options } from 'express-rate-limit';

export type CallLimit = {
  /** Counts a call of this caller. @returns whether it was one too many */
  count(caller: string): Promise<boolean>;
  /** Takes back what was counted in advance. */
  uncount(caller: string): Promise<void>;
  /** Whether the next call would be one too many. */
  isUsedUp(caller: string): Promise<boolean>;
};

const MINUTE_MS = 60_000;

/** Counts calls of each caller, minute by minute, in this process alone. */
export function createCallLimit(perMinute: number): CallLimit {
  const store = new MemoryStore();
  store.init({ windowMs: MINUTE_MS } as Options);
  return {
    async count(caller) {
      const { totalHits } = await store.increment(caller);
      return totalHits > perMinute;
    },
    uncount: (caller) => store.decrement(caller),
    async isUsedUp(caller) {
      const known = await store.get(caller);
      return (known?.totalHits ?? 0) >= perMinute;
    },
  };
}
