import type { Knex } from 'knex';
import type { LeadEvent, StatusEvent, TouchEvent } from '../domain/lead-event.ts';
import type { RefIdProblem } from '../domain/ref-id.ts';
import type { Status } from '../domain/status.ts';

type Common = { lead_id: string; seq: number; at: string };
type NamesConversion = { conversion_id: string; offer_id: string; advertiser_id: string };

/** A row of lead_events; the check on `type` and the statements that write it keep the columns of each type filled. */
export type LeadEventRow =
  | (Common & { type: 'touch'; partner_id: string; ref_id: string | null; ref_id_problem: RefIdProblem | null })
  | (Common & NamesConversion & { type: 'conversion' })
  | (Common & NamesConversion & { type: 'status'; status: Status; reason: string | null });

/** The columns of {@link LeadEventRow}. */
export const LEAD_EVENT_COLUMNS = [
  'lead_id',
  'seq',
  'at',
  'type',
  'partner_id',
  'ref_id',
  'ref_id_problem',
  'conversion_id',
  'offer_id',
  'advertiser_id',
  'status',
  'reason',
];

/** An event as rules and workflows know it: only what its type has, in camelCase. */
export function toLeadEvent(row: LeadEventRow): LeadEvent {
  const { seq, at } = row;
  switch (row.type) {
    case 'touch':
      return { type: 'touch', seq, at, partnerId: row.partner_id, refId: row.ref_id, refIdProblem: row.ref_id_problem };
    case 'conversion':
      return { type: 'conversion', seq, at, ...conversionOf(row) };
    case 'status':
      return { type: 'status', seq, at, ...conversionOf(row), status: row.status, reason: row.reason };
  }
}

function conversionOf({
  conversion_id: conversionId,
  offer_id: offerId,
  advertiser_id: advertiserId,
}: NamesConversion) {
  return { conversionId, offerId, advertiserId };
}

/** Up to `limit` events of a lead after `afterSeq`, in order. */
export async function readLeadEvents(
  db: Knex,
  { leadId, afterSeq, limit }: { leadId: string; afterSeq: number; limit: number },
): Promise<LeadEvent[]> {
  const rows = await db<LeadEventRow>('lead_events')
    .select<LeadEventRow[]>(LEAD_EVENT_COLUMNS)
    .where({ lead_id: leadId })
    .andWhere('seq', '>', afterSeq)
    .orderBy('seq')
    .limit(limit);
  return rows.map(toLeadEvent);
}

/** The statuses of a conversion before the lead's event `beforeSeq`, in order. */
export async function readConversionStatuses(
  db: Knex,
  { conversionId, beforeSeq }: { conversionId: string; beforeSeq: number },
): Promise<StatusEvent[]> {
  const rows = await db<LeadEventRow>('lead_events')
    .select<LeadEventRow[]>(LEAD_EVENT_COLUMNS)
    .where({ conversion_id: conversionId, type: 'status' })
    .andWhere('seq', '<', beforeSeq)
    .orderBy('seq');
  return rows.map(toLeadEvent).filter((event) => event.type === 'status');
}

// R3, R5: the last touch tells who holds a lead, and the last one with a ref_id since that partner came, usable or not,
// tells by which ref_id. One pass over touches of the lead, among which the moments that are asked for take their places,
// however many these are. Of what lies before the first moment, two touches can matter: the last one, and the last one
// before it that has a ref_id or is of another partner. So the latest moments need only the latest touches.
const READ_DECIDING_TOUCHES = `
  with holding as materialized (
    select seq, partner_id from lead_events
    where lead_id = :leadId and type = 'touch' and seq < (select min(seq) from unnest(:seqs::int[]) as s (seq))
    order by seq desc limit 1
  ), naming as materialized (
    select seq from lead_events
    where lead_id = :leadId and type = 'touch' and seq < (select seq from holding)
      and (partner_id <> (select partner_id from holding) or ref_id is not null or ref_id_problem is not null)
    order by seq desc limit 1
  ), touches as (
    select seq, partner_id, ref_id is not null or ref_id_problem is not null as has_ref_id
    from lead_events where lead_id = :leadId and seq = (select seq from naming)
    union all
    select seq, partner_id, ref_id is not null or ref_id_problem is not null
    from lead_events
    where lead_id = :leadId and type = 'touch' and seq >= coalesce((select seq from holding), 0)
      and seq < (select max(seq) from unnest(:seqs::int[]) as s (seq))
  ), stream as (
    select seq, seq as place, null::int as before_seq, has_ref_id,
      partner_id is distinct from lag(partner_id) over (order by seq) as is_change
    from touches
    union all
    select null, s.seq, s.seq, false, false from unnest(:seqs::int[]) as s (seq)
  ), deciding as (
    select before_seq, max(seq) over so_far as last_seq,
      max(seq) filter (where is_change) over so_far as came_seq,
      max(seq) filter (where has_ref_id) over so_far as named_seq
    from stream
    -- A moment is before the event of its own number.
    window so_far as (order by place, before_seq nulls last rows unbounded preceding)
  )
  select d.before_seq, e.*
  from deciding d cross join lateral (
    select ${LEAD_EVENT_COLUMNS.join()} from lead_events e
    where e.lead_id = :leadId
      and e.seq = any (array[d.last_seq, case when d.named_seq >= d.came_seq then d.named_seq end])
  ) e
  where d.before_seq is not null
  order by d.before_seq, e.seq`;

/**
 * The touches that decide who held a lead just before each of its events `seqs`: at most two of each, in order, and
 * none where the house held it.
 */
export async function readDecidingTouches(
  db: Knex,
  { leadId, seqs }: { leadId: string; seqs: number[] },
): Promise<Map<number, TouchEvent[]>> {
  const touches = new Map<number, TouchEvent[]>(seqs.map((seq) => [seq, []]));
  if (seqs.length === 0) return touches;
  const { rows } = await db.raw<{ rows: (LeadEventRow & { before_seq: number })[] }>(READ_DECIDING_TOUCHES, {
    leadId,
    seqs: [...touches.keys()],
  });
  for (const row of rows) {
    const event = toLeadEvent(row);
    if (event.type === 'touch') touches.get(row.before_seq)?.push(event);
  }
  return touches;
}
