import type { Knex } from 'knex';
import { statuses, type Status } from '../../domain/status.ts';
import { AppError, refuseField } from '../../errors.ts';
import { isCancelled, isParameterRefused } from '../sqlstate.ts';
import { quantities, type Quantity } from '../counting/countable-facts.ts';
import { sumByRefId } from './ref-id-sums.ts';
import { inOneSnapshot } from './snapshot.ts';
import { readRange, type StatsRange } from './stats-range.ts';
import { readSums, type Sums, type SumsQuery } from './stats-sums.ts';

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

/** How many ref_ids an answer holds at most. */
export const MAX_STATS_REF_IDS = 1000;

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
  return await readInTime(query, () =>
    inOneSnapshot(db, async (trx) => {
      const range = await readRange(trx, query);
      const { group_by } = query;
      if (group_by === 'ref_id') return await readByRefId(trx, query, range);
      const group = group_by === 'status' ? 'none' : group_by;
      const sums = await readSums(trx, askedOf(query, range), [group]);
      return await answer(trx, { ...query, group_by }, { range, sums: sums[group] });
    }),
  );
}

/**
 * The figures of a range by day and by offer, as they were at one moment.
 * @throws AppError as {@link readPartnerStats}
 */
export async function readPartnerOverview(
  db: Knex,
  query: Omit<StatsQuery, 'group_by'>,
): Promise<{ byDay: PartnerStats; byOffer: PartnerStats }> {
  const [day, offer] = [{ ...query, group_by: 'day' } as const, { ...query, group_by: 'offer' } as const];
  return await readInTime(day, () =>
    inOneSnapshot(db, async (trx) => {
      const range = await readRange(trx, query);
      const sums = await readSums(trx, askedOf(day, range), ['day', 'offer']);
      return {
        byDay: await answer(trx, day, { range, sums: sums.day }),
        byOffer: await answer(trx, offer, { range, sums: sums.offer }),
      };
    }),
  );
}

/** Says what was wrong with the query when Postgres refuses it or gives it up. */
async function readInTime<T>({ time_zone, group_by }: StatsQuery, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isParameterRefused(error)) {
      throw refuseField('time_zone', `"${time_zone}" is not a time zone that we know`, error);
    }
    if (!isCancelled(error)) throw error;
    if (group_by !== 'ref_id') {
      const message = 'The figures could not be counted in time; try again shortly, or with a shorter range.';
      throw new AppError('unavailable', message, { cause: error });
    }
    const message = 'the range holds more than can be counted by ref_id in time: choose a shorter one';
    throw refuseField('from', message, error);
  }
}

function askedOf({ partner_id: partnerId, time_zone: timeZone }: StatsQuery, { from, to }: StatsRange): SumsQuery {
  return { partnerId, from, to, timeZone };
}

async function readByRefId(trx: Knex, query: StatsQuery, range: StatsRange): Promise<PartnerStats> {
  const asked = askedOf(query, range);
  const { sums, isComplete } = await sumByRefId(trx, { ...asked, limit: MAX_STATS_REF_IDS });
  const rows = [...groupByKey(sums)].map(([ref_id, ofRefId]) => ({ ref_id, ...figuresOf(ofRefId) }));
  const { none: all } = await readSums(trx, asked, ['none']);
  return { ...headOf(query, range), rows, totals: figuresOf(all), is_complete: isComplete };
}

type SummedQuery = StatsQuery & { group_by: Exclude<StatsGroup, 'ref_id'> };

async function answer(
  trx: Knex,
  query: SummedQuery,
  { range, sums }: { range: StatsRange; sums: Sums[] },
): Promise<PartnerStats> {
  const rows = await rowsOf(trx, query.group_by, { sums, days: range.days });
  return { ...headOf(query, range), rows, totals: figuresOf(sums), is_complete: true };
}

function headOf({ group_by, time_zone }: StatsQuery, { from, to }: StatsRange) {
  return { group_by, from, to, time_zone };
}

async function rowsOf(
  trx: Knex,
  group: SummedQuery['group_by'],
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
