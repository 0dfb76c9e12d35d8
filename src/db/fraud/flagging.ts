// Flags are worked out behind the statuses, when a conversion is about to earn something: for each pending or approved, from
// the facts of its lead and from traces of visits. What the house holds earns nobody anything, and what ops say themselves
// needs no flag.
import type { Knex } from 'knex';
import { limitStatements } from '../limit-waiting.ts';
import { isCancelled, isRowRefused } from '../sqlstate.ts';

/** From when on something looks odd. */
export type FlagLimits = {
  /** Of a status, after its click. */
  fastStatusMs: number;
  /** Of another partner's touch, before an approval. */
  lateTouchMs: number;
  /** So many leads of one partner from one address … */
  burstLeads: number;
  /** … within this time. */
  burstMs: number;
  /** So many visitors by the link of one lead. */
  linkVisitors: number;
};

const BATCH = 500;
// Traces are written within seconds, and no status is committed later than that after its time.
const SETTLING_SECONDS = 20;
// So many statuses are looked at by one statement, and what takes longer than this is divided, down to a lead alone.
const PIECE = 100;
const PIECE_WITHIN_MS = 2000;
// However many events or visits there are, a flood of them must not hold up the look at everybody else. What is said in
// numbers is then a lower bound. Where a limit asks for more than this, more is looked at.
const EVENTS_LOOKED_AT = 1000;
const LEAST_VISITS = 500;
const LEAST_NEARBY = 1000;

const eventsBefore = (seq: string) => `(
        select seq, type, partner_id from lead_events
        where lead_id = s.lead_id and seq < ${seq} order by seq desc limit ${EVENTS_LOOKED_AT}
      )`;
const VISITS = '(select * from visit_traces where lead_id = s.lead_id order by trace_id desc limit :visits)';
// What advertisers say of the time may lie thousands of years off.
const secondsBetween = (from: string, to: string) =>
  `least(greatest(floor(extract(epoch from ${to} - ${from})), -1e9), 1e9)::int`;

const FLAG = `
  with reported as materialized (
    select e.lead_id, e.seq, e.at, coalesce(e.event_at, e.at) as happened_at, e.status, e.is_reapproval, e.conversion_id,
      c.seq as conversion_seq, c.created_at as clicked_at
    from unnest(:leadIds::text[], :seqs::int[]) as k (lead_id, seq)
    join lead_events e on e.lead_id = k.lead_id and e.seq = k.seq
    join conversions c on c.conversion_id = e.conversion_id
    where e.status <> 'rejected' and not exists (
      select from status_calls s where s.conversion_id = e.conversion_id and s.seq = e.seq and s.source = 'ops'
    )
  ), statuses as materialized (
    select s.*, t.partner_id, t.seq as touch_seq
    from reported s cross join lateral (
      select partner_id, seq from ${eventsBefore('s.seq')} t where type = 'touch' order by seq desc limit 1
    ) t
  ), found as (
    select s.*, 'fast_status' as kind, ${secondsBetween('clicked_at', 'happened_at')} as measure,
      jsonb_build_object('seconds', ${secondsBetween('clicked_at', 'happened_at')}, 'status', status) as evidence
    from statuses s where happened_at < clicked_at + :fastStatusMs * interval '1 millisecond'
    union all
    select s.*, 'late_touch', ${secondsBetween('came.at', 's.at')}, jsonb_build_object(
        'seconds', ${secondsBetween('came.at', 's.at')}, 'from_partner_id', other.partner_id,
        'after_conversion', came.seq > s.conversion_seq)
    from statuses s
    cross join lateral (
      select partner_id, seq from ${eventsBefore('s.touch_seq')} o
      where type = 'touch' and partner_id <> s.partner_id order by seq desc limit 1
    ) other
    cross join lateral (
      select seq, at from lead_events f
      where f.lead_id = s.lead_id and f.seq > other.seq and f.type = 'touch' order by f.seq limit 1
    ) came
    where s.status = 'approved' and s.is_reapproval is null
      and came.at > s.at - :lateTouchMs * interval '1 millisecond'
    union all
    select s.*, 'embedded_click', v.clicks, jsonb_build_object('clicks', v.clicks, 'destination', v.destination)
    from statuses s
    cross join lateral (
      select count(*)::int as clicks, min(embedded) as destination from ${VISITS} v
      where v.embedded is not null and (v.partner_id = s.partner_id or v.conversion_id = s.conversion_id)
    ) v
    where v.clicks > 0
    union all
    select s.*, 'address_burst', burst.leads,
      jsonb_build_object('leads', burst.leads, 'within_seconds', round(:burstMs::numeric / 1000)::int)
    from statuses s
    cross join lateral (
      select max(near.leads)::int as leads
      from (select distinct on (address_hash, date_trunc('minute', at)) address_hash, at from ${VISITS} v
            where partner_id = s.partner_id order by address_hash, date_trunc('minute', at), at limit 10) v
      cross join lateral (
        select count(distinct lead_id) as leads from (
          select lead_id from visit_traces w
          where w.address_hash = v.address_hash and w.partner_id = s.partner_id
            and w.at between v.at - :burstMs * interval '0.5 millisecond' and v.at + :burstMs * interval '0.5 millisecond'
          limit :nearby
        ) nearby
      ) near
    ) burst
    where burst.leads >= :burstLeads
    union all
    select s.*, 'shared_link', shared.visitors, jsonb_build_object('visitors', shared.visitors)
    from statuses s
    cross join lateral (
      select max(visitors)::int as visitors from (
        select count(distinct (address_hash, agent_hash)) as visitors from ${VISITS} v
        where v.by_link group by date_trunc('day', v.at, 'UTC')
      ) days
    ) shared
    where shared.visitors >= :linkVisitors
  ), written as (
    insert into fraud_flags as f (kind, lead_id, conversion_id, partner_id, measure, evidence)
    select distinct on (conversion_id, kind, partner_id) kind, lead_id, conversion_id, partner_id, measure, evidence
    from found order by conversion_id, kind, partner_id, case when kind in ('fast_status', 'late_touch') then seq else -measure end
    on conflict (conversion_id, kind, partner_id) do update set measure = excluded.measure, evidence = excluded.evidence
      where f.kind not in ('fast_status', 'late_touch') and excluded.measure > f.measure
    returning kind
  )
  select kind, count(*) as flags from written group by kind`;

// A whole number of moments, because many statuses may have the same.
const FIND_NEXT = `
  select p.flagged_upto::text as after, coalesce(
    (select at from lead_events where type = 'status' and at > p.flagged_upto and at < h.horizon
     order by at, lead_id, seq offset ${BATCH - 1} limit 1),
    greatest(p.flagged_upto, h.horizon)
  )::text as upto, coalesce(
    (select true from lead_events where type = 'status' and at > p.flagged_upto and at < h.horizon
     order by at, lead_id, seq offset ${BATCH - 1} limit 1), false) as "hasMore"
  from flagging_progress p, (select now() - :settling * interval '1 second' as horizon) h
  for update of p skip locked`;

const FIND_STATUSES = `
  select lead_id as "leadId", seq from lead_events
  where type = 'status' and at > :after::timestamptz and at <= :upto::timestamptz
  order by at, lead_id, seq`;

type Reported = { leadId: string; seq: number };

export type Flagged = {
  flags: { kind: string; flags: number }[];
  /** Leads of which something could not be looked at: it took too long, or could not be reckoned. */
  skipped: string[];
  hasMore: boolean;
};

/**
 * Looks at the next statuses, a few hundred at most. A lead that cannot be looked at is noted, and holds up no other.
 * @param options `settlingSeconds`: how long ago they were committed at least
 * @returns undefined while another process does
 */
export async function flagNext(
  db: Knex,
  limits: FlagLimits,
  { settlingSeconds = SETTLING_SECONDS, withinMs = PIECE_WITHIN_MS } = {},
): Promise<Flagged | undefined> {
  return await db.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: { after: string; upto: string; hasMore: boolean }[] }>(FIND_NEXT, {
      settling: settlingSeconds,
    });
    const [span] = rows;
    if (!span) return undefined;
    const { after, upto, hasMore } = span;
    const { rows: reported } = await trx.raw<{ rows: Reported[] }>(FIND_STATUSES, { after, upto });
    const look = startLook(trx, limits, withinMs);
    for (let begin = 0; begin < reported.length; begin += PIECE) await look.at(reported.slice(begin, begin + PIECE));
    await noteSkipped(trx, reported, look.skipped);
    await trx('flagging_progress').update({ flagged_upto: upto });
    const flags = [...look.found].map(([kind, count]) => ({ kind, flags: count }));
    return { flags, skipped: [...look.skipped], hasMore };
  });
}

function startLook(trx: Knex, limits: FlagLimits, withinMs: number) {
  const found = new Map<string, number>();
  const skipped = new Set<string>();
  const bounds = {
    visits: Math.max(LEAST_VISITS, 4 * limits.linkVisitors),
    nearby: Math.max(LEAST_NEARBY, 10 * limits.burstLeads),
  };
  return { found, skipped, at: lookAt };

  async function lookAt(reported: Reported[]): Promise<void> {
    const piece = reported.filter(({ leadId }) => !skipped.has(leadId));
    const [first] = piece;
    if (!first) return;
    try {
      for (const { kind, flags } of await flag(piece)) found.set(kind, (found.get(kind) ?? 0) + flags);
    } catch (error) {
      if (!isCancelled(error) && !isRowRefused(error)) throw error;
      if (piece.length === 1) return void skipped.add(first.leadId);
      const middle = Math.ceil(piece.length / 2);
      await lookAt(piece.slice(0, middle));
      await lookAt(piece.slice(middle));
    }
  }

  async function flag(piece: Reported[]): Promise<{ kind: string; flags: number }[]> {
    // A savepoint: what fails leaves the rest of the look as it was.
    return await limitStatements(trx, withinMs, async (step) => {
      const { rows } = await step.raw<{ rows: Flagged['flags'] }>(FLAG, {
        ...{ ...limits, ...bounds, leadIds: piece.map(({ leadId }) => leadId), seqs: piece.map(({ seq }) => seq) },
      });
      return rows;
    });
  }
}

/** For the report; a lead that could be looked at later is taken from it again. */
async function noteSkipped(trx: Knex, reported: Reported[], skipped: ReadonlySet<string>): Promise<void> {
  const leadIds = [...new Set(reported.map(({ leadId }) => leadId))];
  await trx('leads_not_looked_at').whereIn('lead_id', leadIds).delete();
  if (skipped.size === 0) return;
  await trx('leads_not_looked_at').insert([...skipped].map((lead_id) => ({ lead_id })));
}
