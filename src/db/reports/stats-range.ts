import type { Knex } from 'knex';
import { readAskedRange, type AskedRange, type MomentRange } from '../asked-range.ts';
import { dayStart } from '../day-start.ts';

/** With its days in the time zone. */
export type StatsRange = MomentRange & { days: string[] };

/** The longest range: a year and a month, so that a year can be compared with the one before. */
export const MAX_STATS_DAYS = 400;

const END_OF_TODAY = dayStart('(now() at time zone :timeZone)::date + 1');

/**
 * The range in moments: without one, the last 30 days, today among them.
 * @throws AppError `invalid` when it is none, or too long
 */
export async function readRange(
  trx: Knex,
  { time_zone: timeZone, ...asked }: Omit<AskedRange, 'timeZone'> & { time_zone: string },
): Promise<StatsRange> {
  const limits = { usualTo: END_OF_TODAY, maxDays: MAX_STATS_DAYS };
  const range = await readAskedRange(trx, { ...asked, timeZone }, limits);
  const { rows } = await trx.raw<{ rows: { day: string }[] }>(
    `select day::date::text as day
     from generate_series(
       date_trunc('day', :from::timestamptz at time zone :timeZone),
       (:to::timestamptz - interval '1 microsecond') at time zone :timeZone,
       interval '1 day'
     ) day`,
    { timeZone, ...range },
  );
  return { ...range, days: rows.map(({ day }) => day) };
}
