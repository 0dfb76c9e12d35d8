// What is counted for partners, each fact at its own time: a touch and a conversion when they were committed, a status and
// its reward when they were settled.

/** What is summed up: counts of facts, and rewards in minor units, what was revoked below 0. */
export const quantities = ['touches', 'conversions', 'pending', 'approved', 'rejected', 'booked', 'revoked'] as const;

export type Quantity = (typeof quantities)[number];

/**
 * Two parts of a `with`: `events` and `facts` of the time from `:start` to `:end`. A fact has the columns `partner_id`,
 * `at`, `offer_id` ('' is none), `currency` ('' but for rewards), `quantity` and `amount`.
 *
 * R3: a conversion counts for whoever had the last touch before it in its lead. Within a lead, times follow the order of
 * `seq`, so that touch is among the same events, or it is the last one before all of them: that is looked for once for each
 * lead, however many conversions it has.
 */
export const COUNTABLE_FACTS = `
  events as materialized (
    select *, first_value(partner_id) over (partition by lead_id, touches_so_far order by seq) as holder
    from (
      select lead_id, seq, at, type, partner_id, ref_id, offer_id,
        count(*) filter (where type = 'touch') over (partition by lead_id order by seq) as touches_so_far
      from lead_events where at >= :start and at < :end and type in ('touch', 'conversion')
    ) e
  ), earlier_holders as materialized (
    select c.lead_id, t.partner_id
    from (select lead_id, min(seq) as seq from events where touches_so_far = 0 group by lead_id) c
    cross join lateral (
      select partner_id from lead_events e where e.lead_id = c.lead_id and e.seq < c.seq and e.type = 'touch'
      order by e.seq desc limit 1
    ) t
  ), facts as (
    select partner_id, at, '' as offer_id, '' as currency, 'touches' as quantity, 1::bigint as amount
    from events where type = 'touch'
    union all
    select coalesce(e.holder, h.partner_id), e.at, e.offer_id, '', 'conversions', 1
    from events e left join earlier_holders h on h.lead_id = e.lead_id and e.touches_so_far = 0
    where e.type = 'conversion' and coalesce(e.holder, h.partner_id) is not null
    union all
    select s.partner_id, s.settled_at, c.offer_id, '', s.status, 1
    from settlements s join conversions c on c.conversion_id = s.conversion_id
    where s.settled_at >= :start and s.settled_at < :end and s.partner_id is not null
    union all
    select r.partner_id, r.at, c.offer_id, r.currency, r.kind, r.amount
    from reward_entries r join conversions c on c.conversion_id = r.conversion_id
    where r.at >= :start and r.at < :end
  )`;

/** The sums of rows of facts, as columns. */
export const SUMS_OF_FACTS = quantities
  .map((quantity) => `coalesce(sum(amount) filter (where quantity = '${quantity}'), 0)::bigint as ${quantity}`)
  .join(', ');

/** The sums of rows of sums, as columns. */
export const SUMS_OF_SUMS = quantities.map((quantity) => `sum(${quantity})::bigint as ${quantity}`).join(', ');
