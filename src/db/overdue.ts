// What should have happened long ago. Postbacks that are still owed have a small index of their own. A settlement that is
// missing is the absence of a row, which no index can hold: instead it is noted up to when all statuses are settled, and
// only the few after that are looked at.
import type { Knex } from 'knex';
import { BOOKING_WAIT, URGENCY } from './outbox.ts';
import { IS_OPEN, type OpenPostback } from './postbacks.ts';
import { prepared } from './prepared.ts';

/** How long things may take; beyond that they are overdue. */
export type Grace = {
  /** From when an attempt is due, until it has been made. */
  postbackMs: number;
  /** From when a status was committed, until it is settled. */
  settlementMs: number;
  /** What files have brought is settled last: so much longer for each of their rows. */
  importRowMs: number;
};

export type Overdue = { postbacks: number; settlements: number };

// A lead that has been made to owe is left alone for as long as a postback may take, then twice, then four times as long.
const MAX_DOUBLINGS = 2;
// Longer than any transaction that writes a status can last: what is committed later is not passed by.
const COMMIT_GRACE_MS = 60_000;

const OVERDUE_POSTBACKS = `
  select lead_id from postbacks
  where ${IS_OPEN} and coalesce(next_attempt_at, created_at) < now() - :postbackMs * interval '1 millisecond'`;

const IS_UNSETTLED = `
  e.type = 'status'
  and not exists (select from settlements s where s.conversion_id = e.conversion_id and s.seq = e.seq)`;

const OVERDUE_SETTLEMENTS = `
  select e.lead_id, e.at from lead_events e
  where e.at > (select settled_upto from sweeps)
    and e.at < now() - :settlementMs * interval '1 millisecond' and ${IS_UNSETTLED}`;

// The number of its last event is enough: a workflow that has it looks at Postgres because of `recheck`, and one that
// has lost its memory fetches all that went before.
const OWE_OVERDUE = `
  with overdue as (
    ${OVERDUE_POSTBACKS} union select lead_id from (${OVERDUE_SETTLEMENTS}) u
  ), picked as materialized (
    select l.lead_id, l.last_seq from overdue join leads l using (lead_id)
    where not exists (select from outbox o where o.lead_id = l.lead_id)
      and not exists (
        select from swept_leads s where s.lead_id = l.lead_id
          and s.swept_at > now() - :postbackMs * power(2, least(s.times - 1, ${MAX_DOUBLINGS})) * interval '1 millisecond'
      )
    order by l.lead_id limit :limit
  ), noted as (
    insert into swept_leads as s (lead_id) select lead_id from picked
    on conflict (lead_id) do update set swept_at = now(), times = s.times + 1
  ), owed as (
    insert into outbox (lead_id, from_seq, upto_seq, urgency, recheck)
    select lead_id, last_seq, last_seq, ${URGENCY.status}, true from picked order by lead_id
    on conflict (lead_id) do nothing
  )
  select count(*) as picked from picked`;

const PASS_SETTLED = `
  update sweeps set settled_upto = greatest(settled_upto, least(
    (select min(at) - interval '1 microsecond' from (${OVERDUE_SETTLEMENTS}) u),
    now() - greatest(:settlementMs, ${COMMIT_GRACE_MS}) * interval '1 millisecond'
  ))`;

// What files have brought is relayed last. A million rows take hours, and nobody is to be woken for that; a small file that
// nobody settles is told within minutes. A day is the longest, because then more comes each day than is settled in one.
const IS_IN_TURN = `exists (
  select from outbox o where o.lead_id = u.lead_id and o.is_bulk and o.owed_since > now() - least(
    interval '1 day',
    ${BOOKING_WAIT} + interval '1 millisecond' * (:settlementMs + :importRowMs * (
      select coalesce(sum(recorded), 0) from imports where not dry_run and touched_at > now() - interval '1 day'
    ))
  )
)`;

/** Counts postbacks that are overdue. */
export async function countOverduePostbacks(db: Knex, grace: Grace): Promise<number> {
  return await count(db, OVERDUE_POSTBACKS, grace);
}

/**
 * Counts settlements that are; a row of a file that was not relayed yet, after the time that all rows of the last day may
 * take.
 */
export async function countOverdueSettlements(db: Knex, grace: Grace): Promise<number> {
  return await count(db, `select from (${OVERDUE_SETTLEMENTS}) u where not ${IS_IN_TURN}`, grace);
}

/** Counts both. */
export async function readOverdue(db: Knex, grace: Grace): Promise<Overdue> {
  return {
    postbacks: await countOverduePostbacks(db, grace),
    settlements: await countOverdueSettlements(db, grace),
  };
}

/** @returns false when a sweep has begun in the last `intervalMs`, here or elsewhere */
export async function beginSweep(db: Knex, intervalMs: number): Promise<boolean> {
  const { rows } = await db.raw<{ rows: object[] }>(
    `update sweeps set swept_at = now()
     where only_row = (select only_row from sweeps where swept_at < now() - :intervalMs * interval '1 millisecond'
                       for update skip locked)
     returning only_row`,
    { intervalMs },
  );
  return rows.length > 0;
}

/**
 * Puts up to `limit` leads with something overdue into the outbox; one that owes already, or was swept just now, is left.
 * @returns how many
 */
export async function oweOverdue(db: Knex, grace: Grace, limit: number): Promise<number> {
  const { rows } = await db.raw<{ rows: { picked: number }[] }>(OWE_OVERDUE, { ...grace, limit });
  return rows[0]?.picked ?? 0;
}

/** Notes up to when all statuses are settled, and forgets leads that were swept long ago. */
export async function endSweep(db: Knex, grace: Grace): Promise<void> {
  await db.raw(PASS_SETTLED, grace);
  await db.raw(`delete from swept_leads where swept_at < now() - interval '1 day'`);
}

/** Which of these leads have a status that is not settled yet. */
export async function readUnsettledLeads(db: Knex, leadIds: readonly string[]): Promise<string[]> {
  const { rows } = await db
    .raw<{ rows: { leadId: string }[] }>(
      `select l.lead_id as "leadId" from unnest(:leadIds::text[]) as l (lead_id)
       where exists (select from lead_events e where e.lead_id = l.lead_id and ${IS_UNSETTLED})`,
      { leadIds },
    )
    .options(prepared('read-unsettled-leads'));
  return rows.map(({ leadId }) => leadId);
}

/** What a lead should have done about its statuses up to `uptoSeq`, and has not. */
export type Unfinished = { hasUnsettled: boolean; open: (OpenPostback & { conversionId: string })[] };

/** Looks at a lead's statuses up to `uptoSeq`. */
export async function readUnfinished(db: Knex, leadId: string, uptoSeq: number): Promise<Unfinished> {
  const unsettled = await db.raw<{ rows: object[] }>(
    `select e.seq from lead_events e where e.lead_id = :leadId and e.seq <= :uptoSeq and ${IS_UNSETTLED} limit 1`,
    { leadId, uptoSeq },
  );
  const open = await db.raw<{ rows: Unfinished['open'] }>(
    `select p.postback_id as "postbackId", p.conversion_id as "conversionId", p.seq, p.partner_id as "partnerId",
       p.status, p.is_handover as "isHandover",
       (select count(*) from postback_attempts a where a.postback_id = p.postback_id) as "attemptsMade"
     from lead_events e join postbacks p on p.conversion_id = e.conversion_id and p.seq = e.seq
     where e.lead_id = :leadId and e.seq <= :uptoSeq and e.type = 'status' and ${IS_OPEN}
     order by p.seq, p.postback_id`,
    { leadId, uptoSeq },
  );
  return { hasUnsettled: unsettled.rows.length > 0, open: open.rows };
}

async function count(db: Knex, overdue: string, grace: Grace): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(`select count(*) as count from (${overdue}) o`, grace);
  return rows[0]?.count ?? 0;
}
