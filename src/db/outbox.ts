import type { Knex } from 'knex';
import type { LeadEvent } from '../domain/lead-event.ts';
import { LEAD_EVENT_COLUMNS, toLeadEvent, type LeadEventRow } from './lead-events.ts';
import { prepared } from './prepared.ts';

/** A lead that owes events to its workflow, leased to one relay, with the events that go out in one signal. */
export type ClaimedLead = {
  leadId: string;
  uptoSeq: number;
  failures: number;
  events: LeadEvent[];
  /** True when a status may be among what it owes, be it in `events` or before them. */
  owesStatus: boolean;
  /** The partner of the last touch before `events`; null when there was none among the 100 events before. */
  partnerBefore: string | null;
  /** True when the statuses that it owes have all come by files. */
  isBulk: boolean;
  /** True when its workflow is to look at Postgres for what it should have done long ago. */
  recheck: boolean;
};

// Keeps one signal well below Temporal's payload limit; the rest goes out with the next. Of a lead that owes a status the
// latest are taken instead, so that a flood of visits never delays money: the workflow fetches the ones before.
const MAX_EVENTS_PER_SIGNAL = 200;

/** What a lead owes goes out in this order; of statuses, those that have come by files are the last. */
export const URGENCY = { status: 0, conversion: 1, touch: 2 } as const;

/**
 * In which order the statuses of files go out, the smallest first: each rank is for about as many of one file as all ranks
 * before it together. So what a file brings first never waits for the later rows of another. A whole chunk has one rank: all of
 * a file's first chunk have 0, and the next few ranks are mostly empty.
 *
 * @param broughtBefore how many statuses of the same file were recorded before the chunk
 */
export function bulkRankOf(broughtBefore: number): number {
  return Math.floor(Math.log2(1 + broughtBefore));
}

type ClaimOptions = {
  limit: number;
  /** How many of them may owe no status; as many as `limit` when left out. */
  clickLimit?: number;
  /** How many of them may owe only statuses that have come by files; as many as `limit` when left out. */
  bulkLimit?: number;
  leaseMs: number;
  leaseId: string;
};

type Claim = {
  leadId: string;
  fromSeq: number;
  uptoSeq: number;
  urgency: number;
  isBulk: boolean;
  failures: number;
  recheck: boolean;
};

// Who held the lead before is looked for among so many events, so that the look at a hot lead stays a short one.
const MAX_EVENTS_BEFORE = 100;

// A while without a chunk, and it stands still.
const IS_IMPORT_BOOKED = `exists (
  select from imports where state = 'running' and not dry_run and touched_at > now() - interval '2 seconds'
)`;

/** So long what a file has brought waits at most because files are being booked; an interval in SQL. */
export const BOOKING_WAIT = `interval '2 minutes'`;

const IS_FREE = '(leased_until is null or leased_until < now())';
const IS_OF_FILES = `urgency = ${URGENCY.status} and is_bulk and ${IS_FREE}`;

// Three lists, because what owes no status may take only a part of the places, and what files have brought another one. That
// waits while a file is booked: nobody waits for it, and the next rows may be of the same leads. But not for long, as one file
// may follow the other. Its order is not that of age, and a Postgres before 18 reads over all that is too young: so that list is
// read only when the oldest is old enough.
// The last limit leaves out none. But it is a number, so Postgres plans for as many; the lists' own limits are worked out, and
// it would take each for a tenth of what is owed, and read all of that with each claim.
const CLAIM_LEADS = `
  with booking as materialized (
    select case when ${IS_IMPORT_BOOKED} then now() - ${BOOKING_WAIT} else 'infinity' end as owed_before
  ), statuses as materialized (
    select lead_id from outbox
    where urgency = ${URGENCY.status} and not is_bulk and ${IS_FREE}
    order by owed_since
    limit :limit
    for update skip locked
  ), bulk as materialized (
    select lead_id from outbox
    where ${IS_OF_FILES} and owed_since < (select owed_before from booking)
      and (select owed_since from outbox where ${IS_OF_FILES} order by owed_since limit 1)
        < (select owed_before from booking)
    order by bulk_rank, owed_since
    limit least(:bulkLimit::int, :limit::int - (select count(*) from statuses))
    for update skip locked
  ), clicks as materialized (
    select lead_id from outbox
    where urgency > ${URGENCY.status} and ${IS_FREE}
    order by urgency, is_bulk, owed_since
    limit least(
      :clickLimit::int, :limit::int - (select count(*) from statuses) - (select count(*) from bulk)
    )
    for update skip locked
  ), due as (
    select lead_id from statuses union all select lead_id from bulk union all select lead_id from clicks
    limit :limit
  )
  update outbox o set leased_until = now() + :leaseMs * interval '1 millisecond', lease_id = :leaseId
  from due where o.lead_id = due.lead_id
  returning o.lead_id as "leadId", o.urgency, o.is_bulk as "isBulk", o.failures, o.recheck,
    case when o.urgency = ${URGENCY.status} then greatest(o.from_seq, o.upto_seq - :span)
         else o.from_seq end as "fromSeq",
    case when o.urgency = ${URGENCY.status} then o.upto_seq
         else least(o.upto_seq, o.from_seq + :span) end as "uptoSeq"`;

const READ_OWED_EVENTS = `
  select e.*
  from unnest(:leadIds::text[], :fromSeqs::int[], :uptoSeqs::int[]) as c (lead_id, from_seq, upto_seq)
  cross join lateral (
    select ${LEAD_EVENT_COLUMNS.join()} from lead_events e
    where e.lead_id = c.lead_id and e.seq between c.from_seq and c.upto_seq
  ) e
  order by e.lead_id, e.seq`;

const READ_PARTNERS_BEFORE = `
  select c.lead_id as "leadId", e.partner_id as "partnerId"
  from unnest(:leadIds::text[], :fromSeqs::int[]) as c (lead_id, from_seq)
  cross join lateral (
    select partner_id from lead_events
    where lead_id = c.lead_id and seq between c.from_seq - ${MAX_EVENTS_BEFORE} and c.from_seq - 1 and type = 'touch'
    order by seq desc
    limit 1
  ) e`;

const COMPLETE_LEADS = `
  with relayed as materialized (
    select o.lead_id, o.upto_seq, r.upto_seq as relayed_seq, o.recheck and not r.recheck as must_recheck
    from unnest(:leadIds::text[], :uptoSeqs::int[], :rechecks::boolean[]) as r (lead_id, upto_seq, recheck)
    join outbox o on o.lead_id = r.lead_id and o.lease_id = :leaseId
    -- The click path locks in this order too.
    order by o.lead_id
    for update of o
  ), gone as (
    delete from outbox o using relayed r
    where o.lead_id = r.lead_id and r.upto_seq = r.relayed_seq and not r.must_recheck
  )
  update outbox o
  set from_seq = least(r.relayed_seq + 1, r.upto_seq), owed_since = now(), recheck = r.must_recheck,
    leased_until = null, lease_id = null, failures = 0, last_error = null
  from relayed r where o.lead_id = r.lead_id and (r.upto_seq > r.relayed_seq or r.must_recheck)`;

/** Leases up to `limit` leads that owe events: statuses first, then conversions, then mere touches, oldest first. */
export async function claimLeads(db: Knex, options: ClaimOptions): Promise<ClaimedLead[]> {
  // Leads whose events cannot be read are not leased either.
  return await db.transaction((trx) => claimInOrder(trx, options));
}

async function claimInOrder(
  trx: Knex,
  { limit, clickLimit = limit, bulkLimit = limit, leaseMs, leaseId }: ClaimOptions,
): Promise<ClaimedLead[]> {
  const span = MAX_EVENTS_PER_SIGNAL - 1;
  // Not prepared: a plan that was made while nothing was owed is a bad one for a backlog.
  const { rows } = await trx.raw<{ rows: Claim[] }>(CLAIM_LEADS, {
    limit,
    clickLimit,
    bulkLimit,
    leaseMs,
    leaseId,
    span,
  });
  if (rows.length === 0) return [];
  const events = await readOwedEvents(trx, rows);
  const partners = await readPartnersBefore(trx, rows);
  return rows
    .sort((a, b) => a.urgency - b.urgency || Number(a.isBulk) - Number(b.isBulk))
    .map(({ leadId, uptoSeq, failures, urgency, isBulk, recheck }) => ({
      leadId,
      uptoSeq,
      failures,
      events: events.get(leadId) ?? [],
      owesStatus: urgency === URGENCY.status,
      isBulk,
      recheck,
      partnerBefore: partners.get(leadId) ?? null,
    }));
}

/** Nobody asks about a lead that has just begun, nor about one that owes a status. */
async function readPartnersBefore(trx: Knex, claims: Claim[]): Promise<Map<string, string>> {
  const known = claims.filter(({ fromSeq, urgency }) => fromSeq > 1 && urgency !== URGENCY.status);
  if (known.length === 0) return new Map();
  const { rows } = await trx
    .raw<{ rows: { leadId: string; partnerId: string }[] }>(READ_PARTNERS_BEFORE, {
      leadIds: known.map((claim) => claim.leadId),
      fromSeqs: known.map((claim) => claim.fromSeq),
    })
    .options(prepared('read-partners-before'));
  return new Map(rows.map(({ leadId, partnerId }) => [leadId, partnerId]));
}

/**
 * A statement of its own, because locking a row shows its latest version while everything else in that statement is
 * read as it was when the statement began: the claim may cover events that were committed after that.
 */
async function readOwedEvents(trx: Knex, claims: Claim[]): Promise<Map<string, LeadEvent[]>> {
  const { rows } = await trx
    .raw<{ rows: LeadEventRow[] }>(READ_OWED_EVENTS, {
      leadIds: claims.map((claim) => claim.leadId),
      fromSeqs: claims.map((claim) => claim.fromSeq),
      uptoSeqs: claims.map((claim) => claim.uptoSeq),
    })
    .options(prepared('read-owed-events'));
  const events = new Map<string, LeadEvent[]>(claims.map((claim) => [claim.leadId, []]));
  for (const row of rows) events.get(row.lead_id)?.push(toLeadEvent(row));
  return events;
}

/** A lead whose workflow has been told, and what of. */
export type RelayedLead = Pick<ClaimedLead, 'leadId' | 'uptoSeq' | 'recheck'>;

/**
 * Notes that leads have been relayed up to `uptoSeq`; what was committed or asked for meanwhile stays owed. A lease that
 * has run out and been taken by another relay is left alone.
 */
export async function completeLeads(db: Knex, leaseId: string, relayed: RelayedLead[]): Promise<void> {
  const bindings = {
    leaseId,
    leadIds: relayed.map(({ leadId }) => leadId),
    uptoSeqs: relayed.map(({ uptoSeq }) => uptoSeq),
    rechecks: relayed.map(({ recheck }) => recheck),
  };
  await db.raw(COMPLETE_LEADS, bindings).options(prepared('complete-leads'));
}

/** Gives a lead back that could not be relayed; it is not claimed again before `retryInMs` have passed. */
export async function postponeLead(
  db: Knex,
  { leadId, leaseId, retryInMs, error }: { leadId: string; leaseId: string; retryInMs: number; error: string },
): Promise<void> {
  await db('outbox')
    .where({ lead_id: leadId, lease_id: leaseId })
    .update({
      leased_until: db.raw(`now() + :retryInMs * interval '1 millisecond'`, { retryInMs }),
      lease_id: null,
      failures: db.raw('failures + 1'),
      last_error: error,
    });
}

/** How many leads owe events, and for how many seconds the oldest of those has that need not wait. */
export type Backlog = { leads: number; oldestSeconds: number };

/** Counts what is owed; `oldestSeconds` is 0 when nothing is but what files have brought, which may wait for hours. */
export async function readBacklog(db: Knex): Promise<Backlog> {
  const { rows } = await db.raw<{ rows: Backlog[] }>(
    `select count(*) as leads, coalesce(extract(epoch from now() - min(owed_since) filter (where not is_bulk)), 0)::float8 as "oldestSeconds"
     from outbox`,
  );
  return rows[0] ?? { leads: 0, oldestSeconds: 0 };
}
