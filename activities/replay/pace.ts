import { MIN_PER_SECOND } from '../../src/domain/postbacks/replay.ts';
import { pauseUnlessAborted } from '../../src/pause.ts';

const SECOND_MS = 1000;
// A timer that fires late must not be made up for by a burst.
const MAX_BEHIND_MS = 100;

export type Pace = {
  /** Resolves when the next one may go: in the order of asking, or at once when the signal is aborted. */
  next(signal: AbortSignal): Promise<void>;
};

/**
 * Lets through so many per second, evenly; all at once when it is null. The first one waits as well: a new pace knows
 * nothing of what went just before it.
 */
export function createPace(perSecond: number | null): Pace {
  if (perSecond === null) return { next: () => Promise.resolve() };
  // Slower ones, of earlier times, would outlast every turn.
  const intervalMs = SECOND_MS / Math.max(perSecond, MIN_PER_SECOND);
  let nextAt = performance.now() + intervalMs;
  return {
    async next(signal) {
      const now = performance.now();
      const dueAt = Math.max(nextAt, now - MAX_BEHIND_MS);
      // Before the wait: whoever asks meanwhile comes after.
      nextAt = dueAt + intervalMs;
      // No timer is finer than a millisecond.
      if (dueAt - now >= 1) await pauseUnlessAborted(dueAt - now, signal);
    },
  };
}
