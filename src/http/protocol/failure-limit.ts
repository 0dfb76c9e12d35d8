import { ipKeyGenerator, MemoryStore, type Options } from 'express-rate-limit';
import { AppError } from '../../errors.ts';

export type FailureLimit = {
  /** Counts a failure. @returns whether it was one too many */
  count(ip: string | undefined): Promise<boolean>;
  /** Takes back what was counted in advance and has not failed. */
  uncount(ip: string | undefined): Promise<void>;
};

const MINUTE_MS = 60_000;

/** Counts failed keys and nothing else, so that a busy caller with a good key is never in its way. */
export function createFailureLimit(perMinute: number): FailureLimit {
  const store = new MemoryStore();
  store.init({ windowMs: MINUTE_MS } as Options);
  return {
    async count(ip) {
      const { totalHits } = await store.increment(keyOf(ip));
      return totalHits > perMinute;
    },
    uncount: (ip) => store.decrement(keyOf(ip)),
  };
}

export function tooManyFailures(): AppError {
  return new AppError('too_many', 'Too many calls with a wrong key came from your address; wait a minute.');
}

function keyOf(ip: string | undefined): string {
  return ip === undefined ? 'unknown' : ipKeyGenerator(ip);
}
