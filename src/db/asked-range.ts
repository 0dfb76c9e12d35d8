import type { Knex } from 'knex';
import { refuseField } from '../errors.ts';
import { dayStart } from './day-start.ts';

/** Moments (ISO 8601), or dates of the time zone, which stand for their beginning. */
export type AskedRange = { from?: string | undefined; to?: string | undefined; timeZone: string };

/** From this moment on, and before `to`; ISO 8601. */
export type MomentRange = { from: string; to: string };

const USUAL_DAYS = 30;

/**
 * A range in moments: where it does not say when it begins, of 30 days.
 * @param usualTo SQL of the moment that ends it where it does not say
 * @param maxDays how long it may be, by the calendar
 * @throws AppError `invalid` when it is none, or too long
 */
export async function readAskedRange(
  trx: Knex,
  { from, to, timeZone }: AskedRange,
  { usualTo, maxDays }: { usualTo: string; maxDays: number },
): Promise<MomentRange> {
  const daysBefore = (days: number) => `(t."to" at time zone :timeZone - interval '${days} days')`;
  const { rows } = await trx.raw<{ rows: [MomentRange & { isTooLong: boolean }] }>(
    `select f."from", t."to", f."from" at time zone :timeZone < ${daysBefore(maxDays)} as "isTooLong"
     from (select ${sqlOf('to', to, usualTo)} as "to") t
     cross join lateral (select ${sqlOf('from', from, dayStart(daysBefore(USUAL_DAYS)))} as "from") f`,
    { from, to, timeZone },
  );
  const [{ isTooLong, ...range }] = rows;
  if (range.from >= range.to) throw refuseField('to', 'must be later than from');
  if (isTooLong) throw refuseField('from', `must be ${maxDays} days before to at most`);
  return range;
}

/** What a moment or a date of the query is in SQL. */
function sqlOf(name: 'from' | 'to', given: string | undefined, usual: string): string {
  if (given === undefined) return usual;
  return given.includes('T') ? `:${name}::timestamptz` : dayStart(`:${name}`);
}
