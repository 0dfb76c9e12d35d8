import { ipKeyGenerator, MemoryStore, type Options } from 'express-rate-limit';
import { AppError } from '../../errors.ts';

export type FailureLimit = {
  /** Counts a failure. @throws AppError `too_many` when it was one too many */
  note(ip: string | undefined): Promise<void>;
};

const MINUTE_MS = 60_000;

/** Counts failed keys and nothing else, so that a busy caller with a good key is never in its way. */
export function createFailureLimit(perMinute: number): FailureLimit {
  const store = new MemoryStore();
  store.init({ windowMs: MINUTE_MS } as Options);
  return {
    async note(ip) {
      const { totalHits } = await store.increment(keyOf(ip));
      if (totalHits > perMinute) throw tooMany();
    },
  };
}

function keyOf(ip: string | undefined): string {
  return ip === undefined ? 'unknown' : ipKeyGenerator(ip);
}

function tooMany(): AppError {
  return new AppError('too_many', 'Too many calls with a wrong key came from your address; wait a minute.');
}
