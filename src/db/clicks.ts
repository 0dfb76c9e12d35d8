import type { Pool } from 'pg';
import type { RefIdProblem } from '../domain/ref-id.ts';

/** One visit: a touch, an outbound click, or both at once (a direct link). Text must hold neither NUL nor lone surrogates. */
export type Click = {
  leadId: string;
  touch: {
    partnerId: string;
    refId: string | null;
    refIdProblem: RefIdProblem | null;
    /** The beginning of an unusable ref_id, to show its partner. */
    refIdSample: string | null;
  } | null;
  conversion: { conversionId: string; offerId: string; advertiserId: string } | null;
};

export type BotVisit = { partnerId: string; bot: string };

// Numbers the events densely per lead: each lead's row is locked, raised by the number of its events in the batch, and
// read back. `back` counts from the last event of a lead in the batch. The leads come sorted, so that two batches with
// the same leads wait for each other instead of dead-locking. The clock is read after that wait, so that times follow
// the order of seq.
const RECORD_CLICKS = `
  with batch_leads as materialized (
    select * from unnest($1::text[], $2::int[], $3::int[]) as t (lead_id, events, urgency)
  ), numbered as (
    insert into leads as l (lead_id, last_seq, last_activity_at)
    select lead_id, events, now() from batch_leads
    on conflict (lead_id) do update
      set last_seq = l.last_seq + excluded.last_seq,
          last_activity_at = greatest(l.last_activity_at, excluded.last_activity_at)
    returning lead_id, last_seq
  ), events as materialized (
    select n.last_seq - e.back as seq, e.*
    from unnest($4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
                $12::text[], $13::text[])
      as e (lead_id, back, type, partner_id, ref_id, ref_id_problem, ref_id_sample, conversion_id, offer_id,
            advertiser_id)
    join numbered n using (lead_id)
  ), inserted_events as (
    insert into lead_events (lead_id, seq, at, type, partner_id, ref_id, ref_id_problem, ref_id_sample, conversion_id,
                             offer_id, advertiser_id)
    select lead_id, seq, clock_timestamp(), type, partner_id, ref_id, ref_id_problem, ref_id_sample, conversion_id,
           offer_id, advertiser_id
    from events
  ), inserted_conversions as (
    insert into conversions (conversion_id, lead_id, seq, offer_id, advertiser_id)
    select conversion_id, lead_id, seq, offer_id, advertiser_id from events where type = 'conversion'
  )
  insert into outbox as o (lead_id, from_seq, upto_seq, urgency)
  select lead_id, n.last_seq - b.events + 1, n.last_seq, b.urgency
  from batch_leads b join numbered n using (lead_id)
  order by lead_id
  on conflict (lead_id) do update
    set upto_seq = excluded.upto_seq, urgency = least(o.urgency, excluded.urgency)`;

const URGENCY_OF_CONVERSION = 1;
const URGENCY_OF_TOUCH = 2;

type EventRow = [
  leadId: string,
  back: number,
  type: string,
  partnerId: string | null,
  refId: string | null,
  refIdProblem: string | null,
  refIdSample: string | null,
  conversionId: string | null,
  offerId: string | null,
  advertiserId: string | null,
];

/** Commits a batch of clicks in one statement: all of them or none. */
export async function recordClicks(pool: Pool, clicks: readonly Click[]): Promise<void> {
  const leads = [...groupByLead(clicks)].sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = leads.flatMap(([, rowsOfLead]) => rowsOfLead);
  const values = [
    leads.map(([leadId]) => leadId),
    leads.map(([, rowsOfLead]) => rowsOfLead.length),
    leads.map(([, rowsOfLead]) =>
      rowsOfLead.some((row) => row[2] === 'conversion') ? URGENCY_OF_CONVERSION : URGENCY_OF_TOUCH,
    ),
    ...columnsOf(rows),
  ];
  await pool.query({ name: 'record-clicks', text: RECORD_CLICKS, values });
}

function groupByLead(clicks: readonly Click[]): Map<string, EventRow[]> {
  const byLead = new Map<string, EventRow[]>();
  for (const { leadId, touch, conversion } of clicks) {
    const rows = byLead.get(leadId) ?? [];
    if (touch) {
      const { partnerId, refId, refIdProblem, refIdSample } = touch;
      rows.push([leadId, 0, 'touch', partnerId, refId, refIdProblem, refIdSample, null, null, null]);
    }
    if (conversion) {
      const { conversionId, offerId, advertiserId } = conversion;
      rows.push([leadId, 0, 'conversion', null, null, null, null, conversionId, offerId, advertiserId]);
    }
    byLead.set(leadId, rows);
  }
  for (const rows of byLead.values()) rows.forEach((row, index) => (row[1] = rows.length - 1 - index));
  return byLead;
}

function columnsOf(rows: EventRow[]): unknown[][] {
  return Array.from({ length: 10 }, (_, column) => rows.map((row) => row[column]));
}

export async function recordBotVisits(pool: Pool, visits: readonly BotVisit[]): Promise<void> {
  await pool.query({
    name: 'record-bot-visits',
    text: 'insert into bot_visits (partner_id, bot) select * from unnest($1::text[], $2::text[])',
    values: [visits.map((visit) => visit.partnerId), visits.map((visit) => visit.bot)],
  });
}
