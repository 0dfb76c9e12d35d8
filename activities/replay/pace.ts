import { pauseUnlessAborted } from '../../src/pause.ts';

const SECOND_MS = 1000;
// A timer that fires late must not be made up for by a burst.
const MAX_BEHIND_MS = 100;

/** Lets through so many per second, evenly; all at once when it is null. */
export function createPace(perSecond: number | null): { next(signal: AbortSignal): Promise<void> } {
  if (perSecond === null) return { next: () => Promise.resolve() };
  let dueAt = performance.now();
  return {
    async next(signal) {
      const now = performance.now();
      dueAt = Math.max(dueAt, now - MAX_BEHIND_MS);
      // No timer is finer than a millisecond.
      if (dueAt - now >= 1) await pauseUnlessAborted(dueAt - now, signal);
      dueAt += SECOND_MS / perSecond;
    },
  };
}
