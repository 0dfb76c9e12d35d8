const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** How many days are looked at: those of a rhythm, and as many in which silence is news. */
export const DAYS_LOOKED_AT = 21;
const RHYTHM_DAYS = 7;
const DAYS_OF_DAILY = 6;

/** When an advertiser has called lately. */
export type CallRhythm = {
  /** Milliseconds; null when it never has. */
  lastCallMs: number | null;
  /** On which days, counted back from now: 0 is the last 24 hours, 1 those before. */
  daysWithCalls: readonly number[];
};

/** Whether an advertiser usually calls each day, and whether it has stopped. */
export type Silence = { reportsDaily: boolean; isSilent: boolean };

/**
 * An advertiser reports daily when it called on six of the seven days that ended with its last call. One who keeps the
 * weekend does not, so that no Monday begins with an alarm. It is silent when it reports daily and has not called for
 * `afterHours`; after two weeks that is no news any more.
 */
export function judgeSilence(
  { lastCallMs, daysWithCalls }: CallRhythm,
  { nowMs, afterHours }: { nowMs: number; afterHours: number },
): Silence {
  if (lastCallMs === null) return { reportsDaily: false, isSilent: false };
  const quietMs = nowMs - lastCallMs;
  const lastDay = Math.floor(quietMs / DAY_MS);
  const inRhythm = new Set(daysWithCalls.filter((day) => day >= lastDay && day < lastDay + RHYTHM_DAYS));
  const reportsDaily = inRhythm.size >= DAYS_OF_DAILY;
  return { reportsDaily, isSilent: reportsDaily && quietMs > afterHours * HOUR_MS };
}
