import type { Knex } from 'knex';
import type { CountedBy } from '../../domain/price-list.ts';
import type { PricePeriod } from '../../domain/price-period.ts';
import { limitWaiting } from '../limit-waiting.ts';
import type { Asks } from '../pipelined.ts';
import { prepared } from '../prepared.ts';

// Approvals wait for nobody, or less than that: they are refused, and sent again.
const LOCK_COUNTERS_MS = 1000;

/** What is counted by which periods, and begun anew with each of them. */
export type CounterKind = { counts: CountedBy; period: PricePeriod; timeZone: string };

/** A counter that is kept: of an advertiser, or of one offer. */
export type ApprovalCounter = CounterKind & { counterId: number };

/** The count of one period; `periodStart` is its first day. */
export type CountKey = { counterId: number; periodStart: string };

/** Counts by what {@link keyOf} makes of their keys. */
export type Counts = ReadonlyMap<string, number>;

export function keyOf({ counterId, periodStart }: CountKey): string {
  return `${counterId} ${periodStart}`;
}

/** A counter that never begins anew serves all time zones. */
export function kindOf({ counts, period, timeZone }: CounterKind): CounterKind {
  return { counts, period, timeZone: period === 'all' ? 'UTC' : timeZone };
}

/** Finds a counter among those that are kept. @throws when it is not kept */
export function findCounter(counters: readonly ApprovalCounter[], wanted: CounterKind): ApprovalCounter {
  const { counts, period, timeZone } = kindOf(wanted);
  const counter = counters.find(
    (kept) => kept.counts === counts && kept.period === period && kept.timeZone === timeZone,
  );
  if (!counter) throw new Error(`Nobody counts by ${counts} and ${period} in ${timeZone}.`);
  return counter;
}

/**
 * SQL, to be run before any lead is locked, with the ids in `:countedAdvertisers` sorted: keeps the counters and price lists
 * of these advertisers as they are until the transaction ends, so that what is approved in it is counted by all that are
 * kept. Those who approve do not wait for each other. Of each `id` it tells whether it `is_shared`; it always is where we
 * wait for whoever changes them.
 */
export const shareCounters = (whenHeld: 'wait' | 'leave') => `
  select id, ${whenHeld === 'wait' ? 'pg_advisory_xact_lock_shared' : 'pg_try_advisory_xact_lock_shared'}(
    hashtextextended('approval counters of ' || id, 0))${whenHeld === 'wait' ? ' is not null' : ''} as is_shared
  from unnest(:countedAdvertisers::text[]) id`;

/**
 * Waits for the approvals of an advertiser that are under way, and lets no other begin before the transaction ends. From
 * now on the transaction waits a second for whatever is locked, and then fails: while it waits, nothing is approved.
 */
export async function lockCounters(trx: Knex, advertiserId: string): Promise<void> {
  await limitWaiting(trx, LOCK_COUNTERS_MS);
  await trx.raw(`select pg_advisory_xact_lock(hashtextextended('approval counters of ' || :advertiserId, 0))`, {
    advertiserId,
  });
}

const MOVE_COUNTERS = `
  insert into approval_counts as c (counter_id, period_start, approved)
  select counter_id, period_start, by
  from unnest(:counterIds::int[], :periodStarts::date[], :by::bigint[]) as m (counter_id, period_start, by)
  order by counter_id, period_start
  on conflict (counter_id, period_start) do update set approved = c.approved + excluded.approved
  returning counter_id as "counterId", period_start::text as "periodStart", approved`;

/**
 * Raises counts; each of them is locked until the transaction ends, all in one order. Each key may come once.
 * @returns how many were approved then
 */
export async function moveCounters(trx: Asks, moves: readonly (CountKey & { by: number })[]): Promise<Counts> {
  if (moves.length === 0) return new Map();
  const { rows } = await trx
    .raw<{ rows: CountRow[] }>(MOVE_COUNTERS, { ...bindingsOf(moves), by: moves.map(({ by }) => by) })
    .options(prepared('move-approval-counters'));
  return toCounts(rows);
}

const LOCK_UNHELD_COUNTS = `
  with wanted as materialized (
    select * from unnest(:counterIds::int[], :periodStarts::date[]) as m (counter_id, period_start)
  ), locked as materialized (
    select c.counter_id, c.period_start from approval_counts c join wanted using (counter_id, period_start)
    for no key update of c skip locked
  )
  select counter_id as "counterId", period_start::text as "periodStart"
  from wanted where (counter_id, period_start) not in (select counter_id, period_start from locked)`;

/**
 * Locks counts as {@link moveCounters} does, but waits for nobody. A count that nothing has moved yet cannot be locked
 * without waiting for whoever begins it as well.
 * @returns by {@link keyOf}, those that are not locked: somebody else is moving them, or they have not begun
 */
export async function lockUnheldCounts(trx: Asks, keys: readonly CountKey[]): Promise<Set<string>> {
  const { rows } = await trx
    .raw<{ rows: CountKey[] }>(LOCK_UNHELD_COUNTS, bindingsOf(keys))
    .options(prepared('lock-unheld-counts'));
  return new Set(rows.map(keyOf));
}

const READ_COUNTS = `
  select c.counter_id as "counterId", c.period_start::text as "periodStart", c.approved
  from unnest(:counterIds::int[], :periodStarts::date[]) as m (counter_id, period_start)
  join approval_counts c using (counter_id, period_start)`;

/** How many were approved; what nothing has moved is left out. Waits for nobody. */
export async function readCounts(db: Asks, keys: readonly CountKey[]): Promise<Counts> {
  if (keys.length === 0) return new Map();
  const { rows } = await db
    .raw<{ rows: CountRow[] }>(READ_COUNTS, bindingsOf(keys))
    .options(prepared('read-approval-counts'));
  return toCounts(rows);
}

type CountRow = CountKey & { approved: number };

function bindingsOf(keys: readonly CountKey[]) {
  return {
    counterIds: keys.map(({ counterId }) => counterId),
    periodStarts: keys.map(({ periodStart }) => periodStart),
  };
}

function toCounts(rows: CountRow[]): Counts {
  return new Map(rows.map(({ approved, ...key }) => [keyOf(key), approved]));
}
