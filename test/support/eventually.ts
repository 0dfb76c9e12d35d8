import { setTimeout as delay } from 'node:timers/promises';

const LOOK_AGAIN_MS = 20;

/** Waits until `look` stops throwing and returns what it found; its last error after `timeoutMs`. */
export async function eventually<T>(look: () => T | Promise<T>, timeoutMs = 60_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(LOOK_AGAIN_MS);
    }
  }
}
