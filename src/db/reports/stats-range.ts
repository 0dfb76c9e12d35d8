import type { Knex } from 'knex';
import { AppError, type FieldProblem } from '../../errors.ts';

/** Moments (ISO 8601), or dates of the time zone, which stand for their beginning. */
type AskedRange = { from?: string | undefined; to?: string | undefined; time_zone: string };

/** In moments, ISO 8601; and its days in the time zone. */
export type StatsRange = { from: string; to: string; days: string[] };

const USUAL_DAYS = 30;
/** The longest range: a year and a month, so that a year can be compared with the one before. */
export const MAX_STATS_DAYS = 400;

/**
 * The range in moments: without one, the last 30 days, today among them.
 * @throws AppError `invalid` when it is none, or too long
 */
export async function readRange(trx: Knex, { from, to, time_zone: timeZone }: AskedRange): Promise<StatsRange> {
  const endOfToday = `(date_trunc('day', now() at time zone :timeZone) + interval '1 day') at time zone :timeZone`;
  const daysBefore = `(t."to" at time zone :timeZone - interval '${USUAL_DAYS} days') at time zone :timeZone`;
  const { rows } = await trx.raw<{ rows: [Omit<StatsRange, 'days'> & { isTooLong: boolean }] }>(
    `select f."from", t."to", f."from" < t."to" - interval '${MAX_STATS_DAYS} days' as "isTooLong"
     from (select ${sqlOf('to', to, endOfToday)} as "to") t
     cross join lateral (select ${sqlOf('from', from, daysBefore)} as "from") f`,
    { timeZone, from, to },
  );
  const [{ isTooLong, ...range }] = rows;
  if (range.from >= range.to) throw refuseRange([{ field: 'to', message: 'must be later than from' }]);
  if (isTooLong) throw refuseRange([{ field: 'from', message: `must be ${MAX_STATS_DAYS} days before to at most` }]);
  const read = await trx.raw<{ rows: { day: string }[] }>(
    `select day::date::text as day
     from generate_series(
       date_trunc('day', :from::timestamptz at time zone :timeZone),
       :to::timestamptz at time zone :timeZone - interval '1 microsecond',
       interval '1 day'
     ) day`,
    { timeZone, ...range },
  );
  return { ...range, days: read.rows.map(({ day }) => day) };
}

/** What a moment or a date of the query is in SQL. */
function sqlOf(name: 'from' | 'to', given: string | undefined, usual: string): string {
  if (given === undefined) return usual;
  return given.includes('T') ? `:${name}::timestamptz` : `:${name}::timestamp at time zone :timeZone`;
}

export function refuseRange(problems: FieldProblem[], cause?: unknown): AppError {
  const message = problems.map((problem) => `${problem.field}: ${problem.message}`).join('; ');
  return new AppError('invalid', message, { problems, cause });
}
