import { dateFormat } from './date-format.ts';
import { addDays, dayOf } from './days.ts';

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
const UNITS = [
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

/** `3 min ago`, `yesterday, 13:42`, `24 Nov, 13:42`: for lists, where the exact time is in the title. */
export function tellRelative(at: string, nowMs: number, timeZone: string): string {
  const awayMs = Date.parse(at) - nowMs;
  if (Math.abs(awayMs) >= DAY_MS) return tellDay(at, nowMs, timeZone);
  for (const [unit, lengthMs] of UNITS) {
    if (Math.abs(awayMs) >= lengthMs) return relative.format(Math.trunc(awayMs / lengthMs), unit).replace('.', '');
  }
  return awayMs <= 0 ? 'just now' : 'in a moment';
}

function tellDay(at: string, nowMs: number, timeZone: string): string {
  const [day, today] = [dayOf(Date.parse(at), timeZone), dayOf(nowMs, timeZone)];
  const clock = { hour: '2-digit', minute: '2-digit', timeZone } as const;
  const format = (options: Intl.DateTimeFormatOptions) =>
    dateFormat('en-GB', { ...options, ...clock }).format(Date.parse(at));
  if (day === addDays(today, -1)) return `yesterday, ${format({})}`;
  const isThisYear = day.slice(0, 4) === today.slice(0, 4);
  return format({ day: 'numeric', month: 'short', ...(isThisYear ? {} : { year: 'numeric' }) });
}

/** `in 3 min 12 s`. */
export function tellCountdown(at: string, nowMs: number, timeZone: string): string {
  const seconds = Math.ceil((Date.parse(at) - nowMs) / SECOND_MS);
  if (seconds <= 0) return 'any moment now';
  if (seconds < 60) return `in ${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `in ${minutes} min ${seconds % 60} s` : tellRelative(at, nowMs, timeZone);
}

/** `26 Nov 2026, 13:42:10 UTC`. */
export function tellExact(at: string, timeZone: string): string {
  const format = dateFormat('en-GB', {
    ...{ day: 'numeric', month: 'short', year: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short', timeZone },
  });
  return format.format(Date.parse(at));
}

/** `on 26 Nov between 10:02 and 13:40`, or over more than a day `between 25 Nov, 22:10 and 26 Nov, 01:30`. */
export function tellSpan(from: string, to: string, timeZone: string): string {
  const format = (options: Intl.DateTimeFormatOptions, at: string) =>
    dateFormat('en-GB', { ...options, timeZone }).format(Date.parse(at));
  const [day, clock] = [{ day: 'numeric', month: 'short' } as const, { hour: '2-digit', minute: '2-digit' } as const];
  if (format(day, from) !== format(day, to)) {
    return `between ${format({ ...day, ...clock }, from)} and ${format({ ...day, ...clock }, to)}`;
  }
  const [began, ended] = [format(clock, from), format(clock, to)];
  return `on ${format(day, from)} ${began === ended ? `at ${began}` : `between ${began} and ${ended}`}`;
}
