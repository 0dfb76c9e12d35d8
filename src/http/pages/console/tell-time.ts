const SECOND_MS = 1000;
const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

/** `3 min ago`, `yesterday`: for lists, where the exact time is in the title. */
export function tellRelative(at: string, nowMs: number): string {
  const awayMs = Date.parse(at) - nowMs;
  for (const [unit, lengthMs] of UNITS) {
    if (Math.abs(awayMs) >= lengthMs) return relative.format(Math.trunc(awayMs / lengthMs), unit).replace('.', '');
  }
  return awayMs <= 0 ? 'just now' : 'in a moment';
}

/** `in 3 min 12 s`. */
export function tellCountdown(at: string, nowMs: number): string {
  const seconds = Math.ceil((Date.parse(at) - nowMs) / SECOND_MS);
  if (seconds <= 0) return 'any moment now';
  if (seconds < 60) return `in ${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `in ${minutes} min ${seconds % 60} s` : tellRelative(at, nowMs);
}

/** `26 Nov 2026, 13:42:10 UTC`. */
export function tellExact(at: string, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ day: 'numeric', month: 'short', year: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short', timeZone },
  });
  return format.format(Date.parse(at));
}
