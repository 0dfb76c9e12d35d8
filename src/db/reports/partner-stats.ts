import type { Knex } from 'knex';
import { statuses, type Status } from '../../domain/status.ts';
import { AppError, type FieldProblem } from '../../errors.ts';
import { isCancelled, isParameterRefused } from '../sqlstate.ts';
import { quantities, type Quantity } from '../counting/countable-facts.ts';
import { sumByRefId } from './ref-id-sums.ts';
import { inOneSnapshot } from './snapshot.ts';
import { readSums, type Sums } from './stats-sums.ts';

export const statsGroups = ['day', 'offer', 'ref_id', 'status'] as const;

export type StatsGroup = (typeof statsGroups)[number];

/** `from` and `to` are moments (ISO 8601), or dates of the time zone, which stand for their beginning. */
export type StatsQuery = {
  partner_id: string;
  group_by: StatsGroup;
  from?: string | undefined;
  to?: string | undefined;
  /** IANA, such as `Europe/Berlin`. */
  time_zone: string;
};

/** How many facts of each kind; the reward in minor units, one line for each currency, what was revoked subtracted. */
export type Figures = {
  touches: number;
  conversions: number;
  pending: number;
  approved: number;
  rejected: number;
  reward: { amount: number; currency: string }[];
};

/** The figures of one group: it has the field that `group_by` names. Null: of no offer, without a ref_id, no status. */
export type StatsRow = Figures & {
  day?: string;
  offer_id?: string | null;
  /** Null when its offer has none any more. */
  offer_name?: string | null;
  ref_id?: string | null;
  status?: Status | null;
};

export type PartnerStats = {
  group_by: StatsGroup;
  /** From this moment on, and before `to`; ISO 8601. */
  from: string;
  to: string;
  time_zone: string;
  rows: StatsRow[];
  totals: Figures;
  /** False when there are more ref_ids than are given; `totals` counts them all. */
  is_complete: boolean;
};

const USUAL_DAYS = 30;
/** The longest range: a year and a month, so that a year can be compared with the one before. */
export const MAX_STATS_DAYS = 400;
/** How many ref_ids an answer holds at most. */
export const MAX_STATS_REF_IDS = 1000;

/** A range in moments, and its days. */
type Range = { from: string; to: string; days: string[] };

/**
 * A partner's figures of a range: all are counts of facts, each at its own time.
 * - `touches`: visits through the partner's link. They belong to no offer and have no status.
 * - `conversions`: outbound clicks to offers, made while the partner held the lead (R3).
 * - `pending`, `approved`, `rejected`: statuses that were settled with the partner (R8), at the time of settling. A conversion
 *   that was pending and then approved counts once in each.
 * - `reward`: what was booked, less what was revoked, each at the time when that was done; never summed across currencies.
 *
 * Rows are parts of `totals`: each fact is in exactly one of them.
 * - by day: of the time zone, all days of the range, also of 23 or 25 hours.
 * - by offer: the most approvals first, touches in the row of no offer.
 * - by ref_id: a touch counts for the ref_id that it brought, everything else for the one by which the partner held the lead
 *   (R5). The most approvals, then conversions, then touches first; {@link MAX_STATS_REF_IDS} at most.
 * - by status: its statuses and rewards; touches and conversions in the row of no status. What is booked belongs to
 *   `approved`, what is revoked to `rejected`.
 *
 * Answers are right at any moment; nothing comes late.
 *
 * @throws AppError `invalid` for a range or time zone that cannot be; or one too long to be counted by ref_id in time
 */
export async function readPartnerStats(db: Knex, query: StatsQuery): Promise<PartnerStats> {
  try {
    return await inOneSnapshot(db, (trx) => readStats(trx, query));
  } catch (error) {
    if (isParameterRefused(error)) {
      throw refuse([{ field: 'time_zone', message: `"${query.time_zone}" is not a time zone that we know` }], error);
    }
    if (!isCancelled(error)) throw error;
    if (query.group_by !== 'ref_id') {
      const message = 'The figures could not be counted in time; try again shortly, or with a shorter range.';
      throw new AppError('unavailable', message, { cause: error });
    }
    const message = 'the range holds more than can be counted by ref_id in time: choose a shorter one';
    throw refuse([{ field: 'from', message }], error);
  }
}

async function readStats(trx: Knex, query: StatsQuery): Promise<PartnerStats> {
  const { days, ...range } = await readRange(trx, query);
  const { group_by, time_zone } = query;
  const asked = { partnerId: query.partner_id, ...range, timeZone: time_zone };
  const answer = { group_by, ...range, time_zone };
  if (group_by === 'ref_id') {
    const { sums, isComplete } = await sumByRefId(trx, { ...asked, limit: MAX_STATS_REF_IDS });
    const rows = [...groupByKey(sums)].map(([ref_id, ofRefId]) => ({ ref_id, ...figuresOf(ofRefId) }));
    const all = await readSums(trx, { ...asked, groupBy: 'none' });
    return { ...answer, rows, totals: figuresOf(all), is_complete: isComplete };
  }
  const sums = await readSums(trx, { ...asked, groupBy: group_by === 'status' ? 'none' : group_by });
  return { ...answer, rows: await rowsOf(trx, group_by, { sums, days }), totals: figuresOf(sums), is_complete: true };
}

async function rowsOf(
  trx: Knex,
  group: Exclude<StatsGroup, 'ref_id'>,
  { sums, days }: { sums: Sums[]; days: string[] },
): Promise<StatsRow[]> {
  if (group === 'status') return [null, ...statuses].map((status) => ({ status, ...figuresOf(sumsOf(status, sums)) }));
  const groups = groupByKey(sums);
  if (group === 'day') return days.map((day) => ({ day, ...figuresOf(groups.get(day) ?? []) }));
  const offers = await trx('offers')
    .whereIn('offer_id', [...groups.keys()].filter(isText))
    .select<{ offer_id: string; name: string }[]>('offer_id', 'name');
  const names = new Map(offers.map(({ offer_id, name }) => [offer_id, name]));
  return [...groups]
    .map(([offer_id, ofOffer]) => ({
      offer_id,
      offer_name: offer_id === null ? null : (names.get(offer_id) ?? null),
      ...figuresOf(ofOffer),
    }))
    .sort((a, b) => Number(a.offer_id === null) - Number(b.offer_id === null) || compareFigures(a, b));
}

/** The rows of facts that have a status; without one, those that have none. */
function sumsOf(status: Status | null, sums: Sums[]): Sums[] {
  const own: Quantity[] =
    status === null
      ? ['touches', 'conversions']
      : [status, ...({ pending: [], approved: ['booked'], rejected: ['revoked'] } as const)[status]];
  const nothing = Object.fromEntries(quantities.map((quantity) => [quantity, 0])) as Record<Quantity, number>;
  return sums.map((row) => ({
    ...row,
    ...nothing,
    ...Object.fromEntries(own.map((quantity) => [quantity, row[quantity]])),
  }));
}

function groupByKey(sums: Sums[]): Map<string | null, Sums[]> {
  const groups = new Map<string | null, Sums[]>();
  for (const row of sums) {
    const key = row.key === '' ? null : row.key;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

function figuresOf(sums: Sums[]): Figures {
  const total = (quantity: Quantity) => sums.reduce((sum, row) => sum + row[quantity], 0);
  const rewards = new Map<string, number>();
  for (const { currency, booked, revoked } of sums) {
    if (booked !== 0 || revoked !== 0) rewards.set(currency, (rewards.get(currency) ?? 0) + booked + revoked);
  }
  return {
    touches: total('touches'),
    conversions: total('conversions'),
    pending: total('pending'),
    approved: total('approved'),
    rejected: total('rejected'),
    reward: [...rewards].map(([currency, amount]) => ({ amount, currency })).sort(byCurrency),
  };
}

function byCurrency(a: { currency: string }, b: { currency: string }): number {
  return a.currency < b.currency ? -1 : 1;
}

function compareFigures(a: Figures, b: Figures): number {
  return b.approved - a.approved || b.conversions - a.conversions || b.touches - a.touches;
}

function isText(value: string | null): value is string {
  return value !== null;
}

/** What a moment or a date of the query is in SQL. */
function sqlOf(name: 'from' | 'to', given: string | undefined, usual: string): string {
  if (given === undefined) return usual;
  return given.includes('T') ? `:${name}::timestamptz` : `:${name}::timestamp at time zone :timeZone`;
}

/** The range in moments: without one, the last 30 days, today among them. Its days, and whether it is one at all. */
async function readRange(trx: Knex, { from, to, time_zone: timeZone }: StatsQuery): Promise<Range> {
  const endOfToday = `(date_trunc('day', now() at time zone :timeZone) + interval '1 day') at time zone :timeZone`;
  const daysBefore = `(t."to" at time zone :timeZone - interval '${USUAL_DAYS} days') at time zone :timeZone`;
  const { rows } = await trx.raw<{ rows: [Omit<Range, 'days'> & { isTooLong: boolean }] }>(
    `select f."from", t."to", f."from" < t."to" - interval '${MAX_STATS_DAYS} days' as "isTooLong"
     from (select ${sqlOf('to', to, endOfToday)} as "to") t
     cross join lateral (select ${sqlOf('from', from, daysBefore)} as "from") f`,
    { timeZone, from, to },
  );
  const [{ isTooLong, ...range }] = rows;
  if (range.from >= range.to) throw refuse([{ field: 'to', message: 'must be later than from' }]);
  if (isTooLong) throw refuse([{ field: 'from', message: `must be ${MAX_STATS_DAYS} days before to at most` }]);
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

function refuse(problems: FieldProblem[], cause?: unknown): AppError {
  const message = problems.map((problem) => `${problem.field}: ${problem.message}`).join('; ');
  return new AppError('invalid', message, { problems, cause });
}
