import { dateFormat } from './date-format.ts';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 24 * 60 * 60 * 1000;

// Those before and after are no moments that can be asked for, in every time zone.
const [FIRST, LAST] = ['1970-01-02', '9999-12-29'];

/** True for `2026-01-31`, and false for `2026-02-31`. */
export function isDay(text: string): boolean {
  const timeMs = DAY.test(text) && text >= FIRST && text <= LAST ? Date.parse(text) : NaN;
  return !Number.isNaN(timeMs) && new Date(timeMs).toISOString().startsWith(text);
}

/** The day of a moment in a time zone. */
export function dayOf(timeMs: number, timeZone: string): string {
  return new Date(wallClockMs(timeMs, timeZone)).toISOString().slice(0, 10);
}

/** The moment at which a day begins in a time zone, as ISO 8601 UTC; where its clocks skip midnight, the first that there is. */
export function beginOfDay(day: string, timeZone: string): string {
  return firstMomentAt(Date.parse(day), timeZone);
}

/**
 * The first moment at which clocks of a time zone show a time, as ISO 8601 UTC; where they skip it, one just after. Postgres
 * takes the same for dates (src/db/day-start.ts).
 * @param wallMs what they show, as if it were UTC
 */
export function firstMomentAt(wallMs: number, timeZone: string): string {
  // As clocks are set a day before or a day after, so that a change of clocks lies between the two.
  const moments = [wallMs - DAY_MS, wallMs + DAY_MS].map((nearMs) => wallMs - offsetMs(nearMs, timeZone));
  const notBefore = moments.filter((timeMs) => wallClockMs(timeMs, timeZone) >= wallMs);
  return new Date(Math.min(...notBefore)).toISOString();
}

/** So many days later; fewer than none is earlier. */
export function addDays(day: string, count: number): string {
  return new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10);
}

/** How far clocks are ahead of UTC there at that moment. */
export function offsetMs(timeMs: number, timeZone: string): number {
  return wallClockMs(timeMs, timeZone) - timeMs;
}

/** What clocks show there, as if it were UTC. */
function wallClockMs(timeMs: number, timeZone: string): number {
  const format = dateFormat('en-CA', {
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
    ...{ hourCycle: 'h23', timeZone },
  });
  const part = Object.fromEntries(format.formatToParts(timeMs).map(({ type, value }) => [type, value]));
  return Date.parse(
    `${part['year']}-${part['month']}-${part['day']}T${part['hour']}:${part['minute']}:${part['second']}Z`,
  );
}
