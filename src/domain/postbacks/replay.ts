export const replayStates = ['running', 'paused', 'done', 'cancelled'] as const;

/** The last two are ends. */
export type ReplayState = (typeof replayStates)[number];

/** How far a replay is: of `total` postbacks, how many were delivered, refused by the partner, or not sent at all. */
export type ReplayCounts = { state: ReplayState; total: number; delivered: number; refused: number; skipped: number };

/** A replay that has ended is never taken up again. */
export function hasReplayEnded(state: ReplayState): state is 'done' | 'cancelled' {
  return state === 'done' || state === 'cancelled';
}

/** The slowest and the fastest pace that a replay may be given, in postbacks per second. */
export const MIN_PER_SECOND = 0.1;
export const MAX_PER_SECOND = 10_000;
