// Counts are made behind the facts, so that no click waits for them: by one transaction after the other, each of which
// takes the facts of a span of time and moves `counted_upto` to its end.
import type { Knex } from 'knex';
import { UNFILLED_MACRO } from '../../domain/ref-id.ts';
import { COUNTABLE_FACTS, quantities, SUMS_OF_FACTS } from './countable-facts.ts';
import { countNextUnanswered, recountUnanswered } from './counting-unanswered.ts';
import { findNextConversions } from './finding-conversions.ts';

const MINUTE_MS = 60 * 1000;
/** Of a row of counts. The offset of every time zone is a multiple of it. */
export const BUCKET_MS = 15 * MINUTE_MS;

// A transaction shows up in pg_stat_activity a moment after its time was taken; the rest is for a clock that is set back.
const SETTLING_MS = 30 * 1000;
// No transaction of this program takes as long, so one that has written nothing by then is somebody's long reading.
const WRITES_WITHIN_MS = 10 * MINUTE_MS;

/** SQL for the quarter of an hour in which a moment lies. */
const bucketOf = (moment: string) => `date_bin('15 minutes', ${moment}, timestamptz '2000-01-01 00:00:00Z')`;

// Every fact has a time that is not before the beginning of its transaction. So what is running now brings no fact from
// before the oldest of them, and what has ended is seen by any statement that begins after this one.
const READ_HORIZON = `
  select date_trunc('milliseconds', least(
    now() - ${SETTLING_MS} * interval '1 millisecond',
    (select min(xact_start) from pg_stat_activity
     where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
       and (backend_xid is not null or xact_start > now() - ${WRITES_WITHIN_MS} * interval '1 millisecond'))
  )) as horizon`;

const COUNT_FACTS = `
  with ${COUNTABLE_FACTS}, counted as (
    insert into partner_counts as c (partner_id, bucket, offer_id, currency, ${quantities.join()})
    select partner_id, ${bucketOf('at')}, offer_id, currency, ${SUMS_OF_FACTS}
    from facts group by 1, 2, 3, 4
    on conflict (partner_id, bucket, offer_id, currency) do update
      set ${quantities.map((quantity) => `${quantity} = c.${quantity} + excluded.${quantity}`).join()}
  ), unfilled as (
    insert into unfilled_ref_ids as u (partner_id, bucket, touches, latest_ref_id, latest_at)
    select partner_id, ${bucketOf('at')}, count(*), (array_agg(ref_id order by at desc))[1], max(at)
    from events where type = 'touch' and ref_id ~ :unfilledMacro group by 1, 2
    on conflict (partner_id, bucket) do update
      set touches = u.touches + excluded.touches, latest_ref_id = excluded.latest_ref_id, latest_at = excluded.latest_at
  )
  update counting_progress set counted_upto = :end`;

/** Up to when all facts are counted; ISO 8601. `isDone`: there was nothing left to count. */
export type Counted = { upto: string; isDone: boolean };

/**
 * Counts the facts of the next `spanMs`, or those up to the horizon if that is nearer; and finds whom the conversions of as
 * long a span concern.
 * @returns undefined while another process counts
 */
export async function countNext(db: Knex, spanMs: number): Promise<Counted | undefined> {
  return await db.transaction(async (trx) => {
    const upto = await lockProgress(trx);
    if (upto === undefined) return undefined;
    // Not in one statement with the counting, which must begin later.
    const { rows } = await trx.raw<{ rows: [{ horizon: string }] }>(READ_HORIZON);
    const { horizon } = rows[0];
    const counted = await countTowards(trx, { upto, horizon, spanMs });
    const isAllFound = await findNextConversions(trx, { horizon, spanMs });
    const isAllCounted = await countNextUnanswered(trx, { horizon, spanMs });
    return { ...counted, isDone: counted.isDone && isAllFound && isAllCounted };
  });
}

/**
 * One step of counting. A horizon that has gone back means that facts may still come which are older than what is counted,
 * because the clock was set back: they are counted again from there.
 */
export async function countTowards(
  trx: Knex.Transaction,
  { upto, horizon, spanMs }: { upto: string; horizon: string; spanMs: number },
): Promise<Counted> {
  if (horizon < upto) {
    await recountFrom(trx, horizon);
    return { upto: horizon, isDone: true };
  }
  const end = new Date(Math.min(Date.parse(horizon), Date.parse(upto) + spanMs)).toISOString();
  // For this transaction: a span of many facts is sorted in memory.
  await trx.raw(`set local work_mem = '64MB'`);
  await trx.raw(COUNT_FACTS, { start: upto, end, unfilledMacro: UNFILLED_MACRO });
  return { upto: end, isDone: end === horizon };
}

async function lockProgress(trx: Knex.Transaction): Promise<string | undefined> {
  const [progress] = await selectProgress(trx).forUpdate().skipLocked();
  return progress?.counted_upto;
}

/** Every fact before this moment is counted, and none after it; ISO 8601. */
export async function readCountedUpto(db: Knex): Promise<string> {
  const [progress] = await selectProgress(db);
  if (!progress) throw new Error('The row of counting_progress is gone; see docs/production.md, "Counting anew".');
  return progress.counted_upto;
}

function selectProgress(db: Knex) {
  return db('counting_progress').select<{ counted_upto: string }[]>('counted_upto');
}

/**
 * To be called by whoever writes facts that are older than the present, such as an invented history: the next steps count
 * all there is, and answers stay right meanwhile.
 */
export async function recountAll(db: Knex): Promise<void> {
  // Touches come first of all. Where some were dropped, what was counted of them is all there is.
  const { rows } = await db.raw<{ rows: { at: string | null }[] }>(
    'select greatest((select min(at) from lead_events), (select dropped_before from touch_retention)) as at',
  );
  if (rows[0]?.at) await recountFrom(db, rows[0].at);
}

/** Forgets what was counted of a moment and later; the next steps count it again, and answers stay right meanwhile. */
export async function recountFrom(db: Knex, moment: string): Promise<void> {
  await db.transaction(async (trx) => {
    // First, because it waits for the step under way, whose rows the next statements must see.
    await trx.raw(
      `update counting_progress
       set counted_upto = least(counted_upto, date_trunc('milliseconds', ${bucketOf(':moment::timestamptz')})),
         conversions_upto = least(conversions_upto, date_trunc('milliseconds', :moment::timestamptz))`,
      { moment },
    );
    await recountUnanswered(trx);
    for (const table of ['partner_counts', 'unfilled_ref_ids']) {
      await trx.raw('delete from ?? where bucket >= (select counted_upto from counting_progress)', [table]);
    }
  });
}
