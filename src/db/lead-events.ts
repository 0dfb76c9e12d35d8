import type { Knex } from 'knex';
import type { LeadEvent } from '../domain/lead-event.ts';
import type { RefIdProblem } from '../domain/ref-id.ts';
import type { Status } from '../domain/status.ts';

type Common = { lead_id: string; seq: number; at: string };
type NamesConversion = { conversion_id: string; offer_id: string; advertiser_id: string };

/** A row of lead_events; the check on `type` and the statements that write it keep the columns of each type filled. */
export type LeadEventRow =
  | (Common & { type: 'touch'; partner_id: string; ref_id: string | null; ref_id_problem: RefIdProblem | null })
  | (Common & NamesConversion & { type: 'conversion' })
  | (Common & NamesConversion & { type: 'status'; status: Status; reason: string | null });

/** The columns of {@link LeadEventRow}, for statements that are prepared. */
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
