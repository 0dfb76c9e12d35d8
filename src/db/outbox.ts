import type { Knex } from 'knex';
import type { LeadEvent } from '../domain/lead-event.ts';
import { LEAD_EVENT_COLUMNS, toLeadEvent, type LeadEventRow } from './lead-events.ts';
import { prepared } from './prepared.ts';

/** A lead that owes events to its workflow, leased to one relay, with the events that go out in one signal. */
export type ClaimedLead = { leadId: string; uptoSeq: number; failures: number; events: LeadEvent[] };

// Keeps one signal well below Temporal's payload limit; the rest goes out with the next. Of a lead that owes a status the
// latest are taken instead, so that a flood of visits never delays money: the workflow fetches the ones before.
const MAX_EVENTS_PER_SIGNAL = 200;

/** What a lead owes goes out in this order. */
export const URGENCY = { status: 0, conversion: 1, touch: 2 } as const;

type Claim = { lead_id: string; from_seq: number; upto_seq: number; urgency: number; failures: number };

/** Leases up to `limit` leads that owe events: statuses first, then conversions, then mere touches, oldest first. */
export async function claimLeads(
  db: Knex,
  { limit, leaseMs, leaseId }: { limit: number; leaseMs: number; leaseId: string },
): Promise<ClaimedLead[]> {
  // Leads whose events cannot be read are not leased either.
  return await db.transaction((trx) => claimInOrder(trx, { limit, leaseMs, leaseId }));
}

async function claimInOrder(
  trx: Knex,
  { limit, leaseMs, leaseId }: { limit: number; leaseMs: number; leaseId: string },
): Promise<ClaimedLead[]> {
  // Not prepared: a plan that was made while nothing was owed is a bad one for a backlog.
  const { rows } = await trx.raw<{ rows: Claim[] }>(
    `with due as materialized (
       select lead_id from outbox
       where leased_until is null or leased_until < now()
       order by urgency, owed_since
       limit :limit
       for update skip locked
     )
     update outbox o set leased_until = now() + :leaseMs * interval '1 millisecond', lease_id = :leaseId
     from due where o.lead_id = due.lead_id
     returning o.lead_id, o.urgency, o.failures,
       case when o.urgency = ${URGENCY.status} then greatest(o.from_seq, o.upto_seq - :span) else o.from_seq end as from_seq,
       case when o.urgency = ${URGENCY.status} then o.upto_seq else least(o.upto_seq, o.from_seq + :span) end as upto_seq`,
    { limit, leaseMs, leaseId, span: MAX_EVENTS_PER_SIGNAL - 1 },
  );
  if (rows.length === 0) return [];
  const events = await readOwedEvents(trx, rows);
  return rows
    .sort((a, b) => a.urgency - b.urgency)
    .map(({ lead_id: leadId, upto_seq: uptoSeq, failures }) => {
      return { leadId, uptoSeq, failures, events: events.get(leadId) ?? [] };
    });
}

/**
 * A statement of its own, because locking a row shows its latest version while everything else in that statement is
 * read as it was when the statement began: the claim may cover events that were committed after that.
 */
async function readOwedEvents(db: Knex, claims: Claim[]): Promise<Map<string, LeadEvent[]>> {
  const { rows } = await db
    .raw<{ rows: LeadEventRow[] }>(
      `select e.*
       from unnest(:leadIds::text[], :fromSeqs::int[], :uptoSeqs::int[]) as c (lead_id, from_seq, upto_seq)
       cross join lateral (
         select ${LEAD_EVENT_COLUMNS.join()} from lead_events e
         where e.lead_id = c.lead_id and e.seq between c.from_seq and c.upto_seq
       ) e
       order by e.lead_id, e.seq`,
      {
        leadIds: claims.map((claim) => claim.lead_id),
        fromSeqs: claims.map((claim) => claim.from_seq),
        uptoSeqs: claims.map((claim) => claim.upto_seq),
      },
    )
    .options(prepared('read-owed-events'));
  const events = new Map<string, LeadEvent[]>(claims.map((claim) => [claim.lead_id, []]));
  for (const row of rows) events.get(row.lead_id)?.push(toLeadEvent(row));
  return events;
}

/**
 * Notes that leads have been handed over up to `uptoSeq`; what was committed meanwhile stays owed. A lease that has
 * run out and been taken by another relay is left alone.
 */
export async function completeLeads(
  db: Knex,
  leaseId: string,
  handedOver: { leadId: string; uptoSeq: number }[],
): Promise<void> {
  await db
    .raw(
      `with handed_over as materialized (
       select o.lead_id, o.upto_seq, d.upto_seq as handed_over_seq
       from unnest(:leadIds::text[], :uptoSeqs::int[]) as d (lead_id, upto_seq)
       join outbox o on o.lead_id = d.lead_id and o.lease_id = :leaseId
       -- The click path locks in this order too.
       order by o.lead_id
       for update of o
     ), gone as (
       delete from outbox o using handed_over d where o.lead_id = d.lead_id and d.upto_seq = d.handed_over_seq
     )
     update outbox o
     set from_seq = d.handed_over_seq + 1, leased_until = null, lease_id = null, failures = 0, last_error = null
     from handed_over d where o.lead_id = d.lead_id and d.upto_seq > d.handed_over_seq`,
      { leaseId, leadIds: handedOver.map((lead) => lead.leadId), uptoSeqs: handedOver.map((lead) => lead.uptoSeq) },
    )
    .options(prepared('complete-leads'));
}

/** Gives a lead back that could not be handed over; it is not claimed again before `retryInMs` have passed. */
export async function postponeLead(
  db: Knex,
  { leadId, leaseId, retryInMs, error }: { leadId: string; leaseId: string; retryInMs: number; error: string },
): Promise<void> {
  await db('outbox')
    .where({ lead_id: leadId, lease_id: leaseId })
    .update({
      leased_until: db.raw(`now() + ? * interval '1 millisecond'`, [retryInMs]),
      lease_id: null,
      failures: db.raw('failures + 1'),
      last_error: error,
    });
}

/** How many leads owe events, and for how many seconds the oldest has. */
export async function readBacklog(db: Knex): Promise<{ leads: number; oldestSeconds: number }> {
  const { rows } = await db.raw<{ rows: { leads: number; oldest_seconds: number }[] }>(
    `select count(*) as leads, coalesce(extract(epoch from now() - min(owed_since)), 0)::float8 as oldest_seconds
     from outbox`,
  );
  return { leads: rows[0]?.leads ?? 0, oldestSeconds: rows[0]?.oldest_seconds ?? 0 };
}
