/** How long conversions are counted until the counter begins anew; weeks begin on Monday. */
export const pricePeriods = ['day', 'week', 'month', 'all'] as const;

export type PricePeriod = (typeof pricePeriods)[number];

/** The beginning of the period that never ends. */
const BEGINNING = '1970-01-01';
const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS_OF_WEEK = 7;
const MONDAY = 1;

/**
 * The period in which a moment lies, as the date of its first day in the time zone, such as `2026-11-01`. Days are told
 * by the calendar and not by hours, so those of 23 or 25 hours are days like any other.
 * @param at ISO 8601
 */
export function periodOf(at: string, { period, timeZone }: { period: PricePeriod; timeZone: string }): string {
  if (period === 'all') return BEGINNING;
  const date = dateIn(timeZone, at);
  switch (period) {
    case 'day':
      return date;
    case 'week':
      return mondayOf(date);
    case 'month':
      return `${date.slice(0, -2)}01`;
  }
}

/** The day after a date. */
export function dayAfter(date: string): string {
  return writeDate(Date.parse(date) + DAY_MS);
}

function mondayOf(date: string): string {
  const time = Date.parse(date);
  const daysAfterMonday = (new Date(time).getUTCDay() - MONDAY + DAYS_OF_WEEK) % DAYS_OF_WEEK;
  return writeDate(time - daysAfterMonday * DAY_MS);
}

function writeDate(time: number): string {
  return new Date(time).toISOString().slice(0, BEGINNING.length);
}

/** Making one takes some hundred times as long as using it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function dateIn(timeZone: string, at: string): string {
  const parts = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(Date.parse(at))
      .map(({ type, value }) => [type, value]),
  );
  return `${parts['year']?.padStart(4, '0')}-${parts['month']}-${parts['day']}`;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  formats.set(timeZone, format);
  return format;
}
