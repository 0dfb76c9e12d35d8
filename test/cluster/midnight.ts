const HOURS_OF_DAY = 24;
const WESTERNMOST = 12;

/** The time zone in which the next full hour is midnight, so that a trial which lasts beyond it sees a new day begin. */
export function zoneOfNextMidnight(now: Date): string {
  const hour = (now.getUTCHours() + 1) % HOURS_OF_DAY;
  // By the old custom of these names, zones west of Greenwich have a plus.
  return hour <= WESTERNMOST ? `Etc/GMT+${hour}` : `Etc/GMT-${HOURS_OF_DAY - hour}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** The date of a moment (ISO 8601) in a time zone, such as 2026-11-01. */
export function dateIn(timeZone: string, at: string): string {
  // Swedes write dates this way.
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
  formats.set(timeZone, format);
  return format.format(new Date(at));
}
