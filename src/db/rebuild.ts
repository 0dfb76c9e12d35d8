// What to make owe again when Temporal has lost its store: first what waits for money, then what is merely open. Each
// statement takes one batch and says where the next one begins.
import type { Knex } from 'knex';
import { URGENCY } from './outbox.ts';
import { IS_OPEN } from './postbacks.ts';

/** How many leads of a batch owe now, and where the next batch begins; undefined after the last one. */
export type Batch<Cursor> = { owing: number; next: Cursor | undefined };

export type StatusCursor = { at: string; leadId: string; seq: number };

/** Before every lead. */
export const FIRST_LEAD = '';
/** Before every status. */
export const FIRST_STATUS: StatusCursor = { at: '-infinity', leadId: '', seq: 0 };

// Their workflows are to look at Postgres, if they are there at all. A lead that owes already may be waiting behind a
// flood of clicks.
const OWE_UNFINISHED = `
  insert into outbox as o (lead_id, from_seq, upto_seq, urgency, recheck)
  select lead_id, last_seq, last_seq, ${URGENCY.status}, true
  from leads where lead_id in (select lead_id from unfinished) order by lead_id
  on conflict (lead_id) do update set urgency = excluded.urgency, recheck = true, is_bulk = false
  returning lead_id`;

const OWE_LEADS_WITH_OPEN_POSTBACKS = `
  with unfinished as materialized (
    select distinct lead_id from postbacks
    where ${IS_OPEN} and lead_id > :after
    order by lead_id limit :limit
  ), owed as (${OWE_UNFINISHED})
  select (select count(*) from owed) as owing,
    (select max(lead_id) from unfinished having count(*) = :limit) as next`;

const OWE_LEADS_WITH_UNSETTLED_STATUSES = `
  with page as materialized (
    select lead_id, conversion_id, seq, at from lead_events
    where type = 'status' and (at, lead_id, seq) > (:at::timestamptz, :leadId, :seq::int)
    order by at, lead_id, seq limit :limit
  ), unfinished as (
    select lead_id from page p
    where not exists (select from settlements s where s.conversion_id = p.conversion_id and s.seq = p.seq)
  ), owed as (${OWE_UNFINISHED}), last as (
    select * from page order by at desc, lead_id desc, seq desc limit 1
  )
  select (select count(*) from owed) as owing, last.at::text as at, last.lead_id as "leadId", last.seq,
    (select count(*) from page) as rows
  from last`;

// A lead that has no status yet can be told whole, so that it may sleep; of any other the last event is enough.
const OWE_OPEN_LEADS = `
  with page as materialized (
    select lead_id, last_seq, last_activity_at from leads where lead_id > :after order by lead_id limit :limit
  ), open as (
    select p.*, exists (select from lead_events e where e.lead_id = p.lead_id and e.type = 'status') as has_status
    from page p where last_activity_at > now() - :windowMs * interval '1 millisecond'
  ), owed as (
    insert into outbox (lead_id, from_seq, upto_seq, urgency)
    select lead_id, case when has_status then last_seq else 1 end, last_seq,
      case when has_status then ${URGENCY.conversion} else ${URGENCY.touch} end
    from open order by lead_id
    on conflict (lead_id) do nothing
    returning lead_id
  )
  select (select count(*) from owed) as owing, (select max(lead_id) from page having count(*) = :limit) as next`;

/** Makes leads owe that have a postback which has not ended. */
export async function oweLeadsWithOpenPostbacks(db: Knex, after: string, limit: number): Promise<Batch<string>> {
  return await oweLeads(db, OWE_LEADS_WITH_OPEN_POSTBACKS, { after, limit });
}

/** Makes leads owe that have a status which has not been settled; looks at up to `limit` statuses. */
export async function oweLeadsWithUnsettledStatuses(
  db: Knex,
  after: StatusCursor,
  limit: number,
): Promise<Batch<StatusCursor>> {
  const { rows } = await db.raw<{ rows: (StatusCursor & { owing: number; rows: number })[] }>(
    OWE_LEADS_WITH_UNSETTLED_STATUSES,
    { ...after, limit },
  );
  const [page] = rows;
  if (!page) return { owing: 0, next: undefined };
  const { owing, at, leadId, seq } = page;
  return { owing, next: page.rows === limit ? { at, leadId, seq } : undefined };
}

/** Makes leads owe whose window is open; looks at up to `limit` leads. */
export async function oweOpenLeads(
  db: Knex,
  after: string,
  { limit, windowMs }: { limit: number; windowMs: number },
): Promise<Batch<string>> {
  return await oweLeads(db, OWE_OPEN_LEADS, { after, limit, windowMs });
}

async function oweLeads(
  db: Knex,
  statement: string,
  bindings: Record<string, string | number>,
): Promise<Batch<string>> {
  const { rows } = await db.raw<{ rows: { owing: number; next: string | null }[] }>(statement, bindings);
  return { owing: rows[0]?.owing ?? 0, next: rows[0]?.next ?? undefined };
}
