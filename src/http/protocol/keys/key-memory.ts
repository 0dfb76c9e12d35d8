import { createHmac, randomBytes } from 'node:crypto';

/** Of names that stand for keys. */
export type KeyMemory = {
  has(name: string): boolean;
  /** Forgets the oldest when there are too many. */
  add(name: string): void;
  delete(name: string): void;
};

const SECRET_BYTES = 32;

/** What stands for a caller's key in memory: a hash under a secret of this process, from which nobody can make the key. */
export function createKeyNames(): (tenant: string, key: string) => string {
  const secret = randomBytes(SECRET_BYTES);
  return (tenant, key) => createHmac('sha256', secret).update(`${tenant.length} ${tenant} ${key}`).digest('base64url');
}

export function createKeyMemory({
  forMs,
  atMost,
  now,
}: {
  forMs: number;
  atMost: number;
  now: () => number;
}): KeyMemory {
  // In the order in which they were added.
  const keptUntil = new Map<string, number>();
  return {
    has: (name) => (keptUntil.get(name) ?? -Infinity) > now(),
    add(name) {
      keptUntil.delete(name);
      keptUntil.set(name, now() + forMs);
      const [oldest] = keptUntil.keys();
      if (keptUntil.size > atMost && oldest !== undefined) keptUntil.delete(oldest);
    },
    delete: (name) => void keptUntil.delete(name),
  };
}
