const UNIX_SECONDS = /^\d{10}$/;
const UNIX_MILLISECONDS = /^\d{13}$/;
const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?([.,]\d{1,9})?\s*(Z|[+-]\d\d:?\d\d)?$/i;
const MS_PER_SECOND = 1000;
// Postgres knows no year 0, and reads no more than four digits. Programs that have no time write their first or last one.
const STORABLE = /^(?!0000)\d{4}-/;

/**
 * The moment that an advertiser's own time names, as ISO 8601 UTC; undefined when it names none. It is Unix time in seconds
 * or milliseconds, or ISO 8601 with a time of day, UTC where it names no zone. A mere day is refused: it may lie on either
 * side of the click, and of the window's end.
 */
export function readEventTime(text: string): string | undefined {
  const trimmed = text.trim();
  if (UNIX_SECONDS.test(trimmed)) return toIso(Number(trimmed) * MS_PER_SECOND);
  if (UNIX_MILLISECONDS.test(trimmed)) return toIso(Number(trimmed));
  const [, date, time, seconds = ':00', fraction = '', zone = 'Z'] = ISO.exec(trimmed) ?? [];
  if (date === undefined || !isDay(date)) return undefined;
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  return toIso(Date.parse(`${date}T${time}${seconds}${fraction.replace(',', '.').slice(0, 4)}${offset}`));
}

/** JavaScript takes February 30 for March 1 or 2. */
function isDay(date: string): boolean {
  const timeMs = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(timeMs) && new Date(timeMs).toISOString().startsWith(date);
}

function toIso(timeMs: number): string | undefined {
  if (Number.isNaN(timeMs)) return undefined;
  const iso = new Date(timeMs).toISOString();
  return STORABLE.test(iso) ? iso : undefined;
}
