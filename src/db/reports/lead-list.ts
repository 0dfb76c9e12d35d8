import type { Knex } from 'knex';
import { statuses, type Status } from '../../domain/status.ts';
import { idsInTime, type TimeRange } from './ids-in-time.ts';
import { allOf, offerCondition, readPage, ifAsked, type List, type Page, type PageQuery } from './pages.ts';

/** The last status of a lead, as its workflow names it: without one it is open, or expired after its window. */
export const leadStatuses = ['open', 'expired', ...statuses] as const;

/** `partner_id` is the linked partner, or `house`; `ref_id` was carried by any touch of the lead. */
export type LeadQuery = PageQuery &
  TimeRange & {
    partner_id?: string | undefined;
    ref_id?: string | undefined;
    advertiser_id?: string | undefined;
    offer_id?: string | undefined;
    status?: (typeof leadStatuses)[number] | undefined;
  };

export type ListedLead = {
  lead_id: string;
  created_at: string;
  /** `house` when no partner ever touched it. */
  linked_partner: string;
  status: 'open' | 'expired' | Status;
  /** How many events it has. */
  events: number;
  open_until: string;
};

// R3: the last touch tells who holds a lead.
const HOLDER = `coalesce(touch.partner_id, 'house')`;
const joinLastTouch = (lead: string) => `
  left join lateral (
    select partner_id from lead_events where lead_id = ${lead}.lead_id and type = 'touch' order by seq desc limit 1
  ) touch on true`;
const joinLastStatus = (lead: string) => `
  left join lateral (
    select status from lead_events where lead_id = ${lead}.lead_id and type = 'status' order by seq desc limit 1
  ) reported on true`;
const joinConversion = (isWanted: string) => `
  left join lateral (
    select seq from lead_events where lead_id = r.lead_id and type = 'conversion' and ${isWanted} limit 1
  ) conversion on true`;
const openUntil = (lead: string) => `${lead}.last_activity_at + :window_ms * interval '1 millisecond'`;
const statusOf = (lead: string) =>
  `coalesce(reported.status, case when ${openUntil(lead)} <= now() then 'expired' else 'open' end)`;

/** Leads, the newest first. @param windowMs how long a lead stays open after its last touch or conversion */
export async function listLeads(db: Knex, query: LeadQuery, windowMs: number): Promise<Page<ListedLead>> {
  const { partner_id, ref_id, advertiser_id, offer_id, status } = query;
  // What was created within the window cannot have expired.
  const latest = status === 'expired' ? new Date(Date.now() - windowMs).toISOString() : undefined;
  const ids = idsInTime('lead_id', { ...query, to: earlierOf(query.to, latest) });
  const offer = offerCondition(query);
  const wantsOffer = offer_id ?? advertiser_id;
  const list: List = {
    table: 'leads',
    id: 'lead_id',
    order: ['lead_id'],
    walk: walkLeads(ref_id, ids.onIds),
    filter: {
      joins: [
        ...ifAsked(partner_id, joinLastTouch('r')),
        ...ifAsked(status, joinLastStatus('r')),
        ...ifAsked(wantsOffer, joinConversion(offer)),
      ],
      conditions: [
        ...ids.onRows,
        ...ifAsked(partner_id, `${HOLDER} = :partner_id`),
        ...ifAsked(status, `${statusOf('r')} = :status`),
        ...ifAsked(wantsOffer, 'conversion.seq is not null'),
      ],
    },
    show: {
      columns: `f.lead_id, f.created_at, ${HOLDER} as linked_partner, ${statusOf('f')} as status, f.last_seq as events,
        ${openUntil('f')} as open_until`,
      joins: [joinLastTouch('f'), joinLastStatus('f')],
    },
  };
  return await readPage<ListedLead>(db, list, { ...query, ...ids.values, window_ms: windowMs });
}

/** A lead with several touches of one ref_id counts once. */
function walkLeads(refId: string | undefined, conditions: string[]): string {
  return `
    select lead_id, lead_id as key from ${refId === undefined ? 'leads' : 'lead_events'}
    where ${allOf([...ifAsked(refId, 'ref_id = :ref_id collate "C"'), ...conditions])}
    group by lead_id order by lead_id desc limit :walk`;
}

function earlierOf(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || b === undefined ? (a ?? b) : a < b ? a : b;
}
