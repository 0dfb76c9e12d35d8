import { createHmac, randomBytes } from 'node:crypto';

/** Of keys that stand for tokens. */
export type TokenMemory = {
  has(key: string): boolean;
  /** Forgets the oldest when there are too many. */
  add(key: string): void;
  delete(key: string): void;
};

const KEY_BYTES = 32;

/** What stands for an advertiser's token in memory: a hash under a key of this process, from which nobody can make the token. */
export function createTokenKey(): (advertiserId: string, token: string) => string {
  const secret = randomBytes(KEY_BYTES);
  return (advertiserId, token) =>
    createHmac('sha256', secret).update(`${advertiserId.length} ${advertiserId} ${token}`).digest('base64url');
}

export function createTokenMemory({
  forMs,
  atMost,
  now,
}: {
  forMs: number;
  atMost: number;
  now: () => number;
}): TokenMemory {
  // In the order in which they were added.
  const keptUntil = new Map<string, number>();
  return {
    has: (key) => (keptUntil.get(key) ?? -Infinity) > now(),
    add(key) {
      keptUntil.delete(key);
      keptUntil.set(key, now() + forMs);
      const [oldest] = keptUntil.keys();
      if (keptUntil.size > atMost && oldest !== undefined) keptUntil.delete(oldest);
    },
    delete: (key) => void keptUntil.delete(key),
  };
}
