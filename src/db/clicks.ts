import type { Pool } from 'pg';
import type { RefIdProblem } from '../domain/ref-id.ts';
import { URGENCY } from './outbox.ts';

/** A click: a touch, a conversion, or both at once (a direct link). Text must hold neither NUL nor lone surrogates. */
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

/** `bot` is the name by which it was recognised. */
export type BotVisit = { partnerId: string; bot: string };

// A click becomes up to two events, the touch before the conversion; `upto_seq` is the number of its last one.
const INSERT_EVENTS = `
  touches as (
    insert into lead_events (lead_id, seq, at, type, partner_id, ref_id, ref_id_problem, ref_id_sample)
    select lead_id, upto_seq - num_nonnulls(conversion_id), at, 'touch', partner_id, ref_id, ref_id_problem, ref_id_sample
    from numbered_clicks where partner_id is not null
  ), conversion_events as (
    insert into lead_events (lead_id, seq, at, type, conversion_id, offer_id, advertiser_id)
    select lead_id, upto_seq, at, 'conversion', conversion_id, offer_id, advertiser_id
    from numbered_clicks where conversion_id is not null
  ), new_conversions as (
    insert into conversions (conversion_id, lead_id, seq, offer_id, advertiser_id)
    select conversion_id, lead_id, upto_seq, offer_id, advertiser_id
    from numbered_clicks where conversion_id is not null
  )`;

// Most clicks by far begin a lead. Its numbers are known and nobody else can hold its rows, so that nothing has to be
// looked up; that saves Postgres a quarter of its work.
const RECORD_NEW_LEADS = `
  with numbered_clicks as materialized (
    select *, now() as at, num_nonnulls(partner_id, conversion_id) as upto_seq
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
      as c (lead_id, partner_id, ref_id, ref_id_problem, ref_id_sample, conversion_id, offer_id, advertiser_id)
  ), new_leads as (
    insert into leads (lead_id, last_seq, last_activity_at) select lead_id, upto_seq, at from numbered_clicks
  ), ${INSERT_EVENTS}
  insert into outbox (lead_id, from_seq, upto_seq, urgency)
  select lead_id, 1, upto_seq, case when conversion_id is null then ${URGENCY.touch} else ${URGENCY.conversion} end
  from numbered_clicks`;

// Numbers the events densely per lead: each lead's row is locked, raised by the number of its events in the batch, and
// read back. `back` counts from the last event of a lead in the batch. The leads come sorted, so that two batches with
// the same leads wait for each other instead of dead-locking. The clock is read after that wait, and never goes
// back, so that times follow the order of seq.
const RECORD_CLICKS = `
  with batch_leads as materialized (
    select * from unnest($1::text[], $2::int[], $3::int[]) as t (lead_id, events, urgency)
  ), numbered_leads as (
    insert into leads as l (lead_id, last_seq, last_activity_at)
    select lead_id, events, clock_timestamp() from batch_leads
    on conflict (lead_id) do update
      set last_seq = l.last_seq + excluded.last_seq,
          last_activity_at = greatest(l.last_activity_at, clock_timestamp())
    returning lead_id, last_seq, last_activity_at as at
  ), numbered_clicks as materialized (
    select c.*, l.at, l.last_seq - c.back as upto_seq
    from unnest($4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
                $12::text[])
      as c (back, lead_id, partner_id, ref_id, ref_id_problem, ref_id_sample, conversion_id, offer_id, advertiser_id)
    join numbered_leads l using (lead_id)
  ), ${INSERT_EVENTS}
  insert into outbox as o (lead_id, from_seq, upto_seq, urgency)
  select lead_id, l.last_seq - b.events + 1, l.last_seq, b.urgency
  from batch_leads b join numbered_leads l using (lead_id)
  order by lead_id
  on conflict (lead_id) do update
    set upto_seq = excluded.upto_seq, urgency = least(o.urgency, excluded.urgency)`;

/** Commits the first clicks of leads that nobody has heard of yet, in one statement: all of them or none. */
export async function recordNewLeads(pool: Pool, clicks: readonly Click[]): Promise<void> {
  await pool.query({ name: 'record-new-leads', text: RECORD_NEW_LEADS, values: columnsOf(clicks) });
}

/** Commits clicks of leads that may have events already, in one statement: all of them or none. */
export async function recordClicks(pool: Pool, clicks: readonly Click[]): Promise<void> {
  const leads = [...groupByLead(clicks)].sort(([a], [b]) => (a < b ? -1 : 1));
  const values = [
    leads.map(([leadId]) => leadId),
    leads.map(([, ofLead]) => countEvents(ofLead)),
    leads.map(([, ofLead]) => (ofLead.some((click) => click.conversion) ? URGENCY.conversion : URGENCY.touch)),
    leads.flatMap(([, ofLead]) => ofLead.map((_click, index) => countEvents(ofLead.slice(index + 1)))),
    ...columnsOf(leads.flatMap(([, ofLead]) => ofLead)),
  ];
  await pool.query({ name: 'record-clicks', text: RECORD_CLICKS, values });
}

function groupByLead(clicks: readonly Click[]): Map<string, Click[]> {
  const byLead = new Map<string, Click[]>();
  for (const click of clicks) {
    const ofLead = byLead.get(click.leadId);
    if (ofLead) ofLead.push(click);
    else byLead.set(click.leadId, [click]);
  }
  return byLead;
}

function countEvents(clicks: Click[]): number {
  return clicks.reduce((count, { touch, conversion }) => count + (touch ? 1 : 0) + (conversion ? 1 : 0), 0);
}

function columnsOf(clicks: readonly Click[]): (string | null | undefined)[][] {
  return [
    clicks.map(({ leadId }) => leadId),
    clicks.map(({ touch }) => touch?.partnerId),
    clicks.map(({ touch }) => touch?.refId),
    clicks.map(({ touch }) => touch?.refIdProblem),
    clicks.map(({ touch }) => touch?.refIdSample),
    clicks.map(({ conversion }) => conversion?.conversionId),
    clicks.map(({ conversion }) => conversion?.offerId),
    clicks.map(({ conversion }) => conversion?.advertiserId),
  ];
}

/** Commits visits of known bots, which link nobody: all of them or none. */
export async function recordBotVisits(pool: Pool, visits: readonly BotVisit[]): Promise<void> {
  await pool.query({
    name: 'record-bot-visits',
    text: 'insert into bot_visits (partner_id, bot) select * from unnest($1::text[], $2::text[])',
    values: [visits.map((visit) => visit.partnerId), visits.map((visit) => visit.bot)],
  });
}
