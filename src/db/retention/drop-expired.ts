// What nobody needs any more. Each statement drops one batch in a transaction of its own and says where the next begins,
// so that whoever is killed goes on where it was, and nobody waits for its locks.
import type { Knex } from 'knex';

/** `next`: where the following batch begins; undefined when nothing is left that is old enough. */
export type DroppedBatch = { dropped: number; next: string | undefined };

/**
 * How a kind is dropped: what is older than so many days, after the place `after`, '' at first.
 * @param asked `windowMs`: how long a lead stays open
 */
export type Drop = (db: Knex, asked: { days: number; windowMs: number; after: string }) => Promise<DroppedBatch>;

const BATCH = 1000;

const isOlder = (time: string) => `${time} < now() - :days * interval '1 day'`;

// Numbered in the order of their time, to within seconds: the first one that is too young ends it.
const dropNumbered =
  (table: string, id: string): Drop =>
  async (db, { days, after }) =>
    await dropBatch(
      db,
      `with page as materialized (
         select ${id} as id, at from ${table} where ${id} > :after::bigint order by ${id} limit :limit
       ), gone as (
         delete from ${table} t using page p where t.${id} = p.id and ${isOlder('p.at')} returning t.${id}
       )
       select count(*) as dropped, max(${id})::text as last from gone`,
      { days, after: after || '0', limit: BATCH },
    );

/** Visits of bots, which link nobody. */
export const dropBotVisits = dropNumbered('bot_visits', 'visit_id');

// What people can still repair, and then it is judged as if it had been understood when it came.
const isRepairable = (call: string) =>
  `${call}.result in ('unknown_word', 'unknown_conversion', 'malformed', 'ignored')`;

const isWithinWindow = (time: string) => `${time} > now() - :windowMs * interval '1 millisecond'`;

const IS_LEAD_OPEN = `exists (
           select from conversions c join leads l on l.lead_id = c.lead_id
           where c.conversion_id = s.conversion_id and ${isWithinWindow('l.last_activity_at')}
         )`;

const HAS_REPAIRABLE_BEFORE = `exists (
           select from status_calls earlier
           where earlier.conversion_id = s.conversion_id and earlier.advertiser_id = s.advertiser_id
             and earlier.call_id < s.call_id and ${isRepairable('earlier')}
         )`;

/**
 * The inbound log. What the calls have made of conversions stays: those are events of leads. A call that may still be
 * applied stays as well, until the window is over: that of its lead, and the one that began when it came. So does each
 * decision that came behind it: without it, the older call would undo what was decided since (R7).
 */
export const dropStatusCalls: Drop = async (db, { days, windowMs, after }) =>
  await dropBatch(
    db,
    `with page as materialized (
       select call_id from status_calls where call_id > :after::bigint order by call_id limit :limit
     ), old as materialized (
       select s.call_id, case
           when ${isRepairable('s')} then ${isWithinWindow('s.at')} or ${IS_LEAD_OPEN}
           when s.status <> 'pending' then ${isWithinWindow('s.at')} or ${IS_LEAD_OPEN} and ${HAS_REPAIRABLE_BEFORE}
           else false
         end as is_waited_for
       from page join status_calls s using (call_id) where ${isOlder('s.at')}
     ), gone as (
       delete from status_calls s using old o where s.call_id = o.call_id and not o.is_waited_for returning s.call_id
     )
     select (select count(*) from gone) as dropped, (select count(*) from old) as looked_at,
       (select max(call_id) from old)::text as last`,
    { days, windowMs, after: after || '0', limit: BATCH },
  );

/** What calls without a proof looked like, and how many they were; a row is an hour of one advertiser. */
export const dropRefusedCalls: Drop = async (db, { days }) =>
  await dropBatch(
    db,
    `with gone as (
       delete from refused_calls where ctid = any (array(
         select ctid from refused_calls where ${isOlder('hour')} limit :limit for update skip locked
       ))
       returning hour
     )
     select count(*) as dropped, '' as last from gone`,
    { days, limit: BATCH },
  );

/** Hashes of visitors' addresses and user agents. */
export const dropVisitTraces = dropNumbered('visit_traces', 'trace_id');

/** What partners have answered; that, when and how they did stays. */
export const dropResponseBodies: Drop = async (db, { days }) =>
  await dropBatch(
    db,
    `with page as materialized (
       select postback_id, attempt from postback_attempts
       where response_body is not null and ${isOlder('started_at')}
       order by started_at limit :limit
       for update skip locked
     ), gone as (
       update postback_attempts a set response_body = null from page p
       where a.postback_id = p.postback_id and a.attempt = p.attempt
       returning a.attempt
     )
     select count(*) as dropped, '' as last from gone`,
    { days, limit: BATCH },
  );

/** Sessions of both consoles whose time is over. */
export const dropEndedSessions: Drop = async (db) => {
  const batches = await Promise.all(['console_sessions', 'ops_sessions'].map((table) => dropSessions(db, table)));
  const dropped = batches.reduce((sum, batch) => sum + batch, 0);
  return { dropped, next: Math.max(...batches) === BATCH ? '' : undefined };
};

async function dropSessions(db: Knex, table: string): Promise<number> {
  const { dropped } = await dropBatch(
    db,
    `with gone as (
       delete from ${table} where session_hash in (
         select session_hash from ${table} where expires_at <= now()
         order by expires_at, session_hash limit :limit for update skip locked
       )
       returning session_hash
     )
     select count(*) as dropped, '' as last from gone`,
    { limit: BATCH },
  );
  return dropped;
}

/** A batch that was not full was the last. `looked_at`: where some of what is old enough stays. */
async function dropBatch(
  db: Knex,
  statement: string,
  bindings: Record<string, string | number> & { limit: number },
): Promise<DroppedBatch> {
  type Row = { dropped: number; looked_at?: number; last: string | null };
  const { rows } = await db.raw<{ rows: Row[] }>(statement, bindings);
  const { dropped, looked_at = dropped, last } = rows[0] ?? { dropped: 0, last: null };
  return { dropped, next: looked_at === bindings.limit ? (last ?? undefined) : undefined };
}
