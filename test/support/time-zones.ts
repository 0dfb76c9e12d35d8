/** Where it is the middle of a day: no day begins there while a test counts what happens on one. */
export const MIDDAY = zoneWhereItIs(12, new Date());

/** The time zone in which it is this hour, from 0 to 23, of some day. */
export function zoneWhereItIs(hour: number, now: Date): string {
  const ahead = ((hour - now.getUTCHours() + 36) % 24) - 12;
  // By the old custom of these names, zones west of Greenwich have a plus.
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** The date of a moment (ISO 8601, or epoch milliseconds) in a time zone, such as 2026-11-01. */
export function dateIn(timeZone: string, at: string | number): string {
  // Swedes write dates this way.
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
  formats.set(timeZone, format);
  return format.format(new Date(at));
}
