import { MIN_PER_SECOND } from '../../src/domain/postbacks/replay.ts';
import { pauseUnlessAborted } from '../../src/pause.ts';

const SECOND_MS = 1000;
// A timer that fires late must not be made up for by a burst.
const MAX_BEHIND_MS = 100;

/**
 * Lets through so many per second, evenly; all at once when it is null. The first one waits as well: a new pace knows
 * nothing of what went just before it.
 */
export function createPace(perSecond: number | null): { next(signal: AbortSignal): Promise<void> } {
  if (perSecond === null) return { next: () => Promise.resolve() };
  // Slower ones, of earlier times, would outlast every turn.
  const intervalMs = SECOND_MS / Math.max(perSecond, MIN_PER_SECOND);
  let dueAt = performance.now() + intervalMs;
  return {
    async next(signal) {
      const now = performance.now();
      dueAt = Math.max(dueAt, now - MAX_BEHIND_MS);
      // No timer is finer than a millisecond.
      if (dueAt - now >= 1) await pauseUnlessAborted(dueAt - now, signal);
      dueAt += intervalMs;
    },
  };
}
