// Flags are worked out behind the statuses, when a conversion is about to earn something: for each pending or approved, from
// the facts of its lead and from traces of visits. What the house holds earns nobody anything, and what ops say themselves
// needs no flag.
import type { Knex } from 'knex';

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

const FLAG = `
  with statuses as materialized (
    select e.lead_id, e.seq, e.at, coalesce(e.event_at, e.at) as happened_at, e.status, e.is_reapproval, e.conversion_id,
      c.seq as conversion_seq, c.created_at as clicked_at, t.partner_id, t.seq as touch_seq
    from lead_events e
    join conversions c on c.conversion_id = e.conversion_id
    cross join lateral (
      select partner_id, seq from lead_events t
      where t.lead_id = e.lead_id and t.seq < e.seq and t.type = 'touch' order by t.seq desc limit 1
    ) t
    where e.type = 'status' and e.status <> 'rejected' and e.at > :after::timestamptz and e.at <= :upto::timestamptz
      and not exists (
        select from status_calls s where s.conversion_id = e.conversion_id and s.seq = e.seq and s.source = 'ops'
      )
  ), found as (
    select s.*, 'fast_status' as kind, floor(extract(epoch from happened_at - clicked_at))::int as measure,
      jsonb_build_object('seconds', floor(extract(epoch from happened_at - clicked_at))::int, 'status', status) as evidence
    from statuses s where happened_at < clicked_at + :fastStatusMs * interval '1 millisecond'
    union all
    select s.*, 'late_touch', floor(extract(epoch from s.at - came.at))::int, jsonb_build_object(
        'seconds', floor(extract(epoch from s.at - came.at))::int, 'from_partner_id', other.partner_id)
    from statuses s
    cross join lateral (
      select partner_id, seq from lead_events o
      where o.lead_id = s.lead_id and o.seq < s.touch_seq and o.type = 'touch' and o.partner_id <> s.partner_id
      order by o.seq desc limit 1
    ) other
    cross join lateral (
      select seq, at from lead_events f
      where f.lead_id = s.lead_id and f.seq > other.seq and f.type = 'touch' order by f.seq limit 1
    ) came
    where s.status = 'approved' and s.is_reapproval is null and came.seq > s.conversion_seq
      and came.at > s.at - :lateTouchMs * interval '1 millisecond'
    union all
    select s.*, 'embedded_click', v.clicks, jsonb_build_object('clicks', v.clicks, 'destination', v.destination)
    from statuses s
    cross join lateral (
      select count(*)::int as clicks, min(embedded) as destination from visit_traces v
      where v.lead_id = s.lead_id and v.embedded is not null
        and (v.partner_id = s.partner_id or v.conversion_id = s.conversion_id)
    ) v
    where v.clicks > 0
    union all
    select s.*, 'address_burst', burst.leads,
      jsonb_build_object('leads', burst.leads, 'within_seconds', round(:burstMs::numeric / 1000)::int)
    from statuses s
    cross join lateral (
      select max(near.leads)::int as leads
      from (select address_hash, at from visit_traces
            where lead_id = s.lead_id and partner_id = s.partner_id order by trace_id limit 10) v
      cross join lateral (
        select count(distinct w.lead_id) as leads from visit_traces w
        where w.address_hash = v.address_hash and w.partner_id = s.partner_id
          and w.at between v.at - :burstMs * interval '0.5 millisecond' and v.at + :burstMs * interval '0.5 millisecond'
      ) near
    ) burst
    where burst.leads >= :burstLeads
    union all
    select s.*, 'shared_link', shared.visitors, jsonb_build_object('visitors', shared.visitors)
    from statuses s
    cross join lateral (
      select max(visitors)::int as visitors from (
        select count(distinct (address_hash, agent_hash)) as visitors from visit_traces v
        where v.lead_id = s.lead_id and v.by_link group by date_trunc('day', v.at, 'UTC')
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

export type Flagged = { flags: { kind: string; flags: number }[]; hasMore: boolean };

/**
 * Looks at the next statuses, a few hundred at most.
 * @param settlingSeconds how long ago they were committed at least
 * @returns undefined while another process does
 */
export async function flagNext(
  db: Knex,
  limits: FlagLimits,
  settlingSeconds: number = SETTLING_SECONDS,
): Promise<Flagged | undefined> {
  return await db.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: { after: string; upto: string; hasMore: boolean }[] }>(FIND_NEXT, {
      settling: settlingSeconds,
    });
    const [span] = rows;
    if (!span) return undefined;
    const { after, upto, hasMore } = span;
    const { rows: flags } = await trx.raw<{ rows: Flagged['flags'] }>(FLAG, { ...limits, after, upto });
    await trx('flagging_progress').update({ flagged_upto: upto });
    return { flags, hasMore };
  });
}
