import { MemoryStore, type Options } from 'express-rate-limit';

export type CallLimit = {
  /** Counts a call of this caller. @returns whether it was one too many */
  count(caller: string): Promise<boolean>;
  /** Takes back what was counted in advance. */
  uncount(caller: string): Promise<void>;
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
  };
}
