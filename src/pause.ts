import { setTimeout as delay } from 'node:timers/promises';

/** Waits, or ends at once when the signal is aborted, before or meanwhile. */
export async function pauseUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
