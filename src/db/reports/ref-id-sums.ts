import type { Knex } from 'knex';

import type { Sums, SumsQuery } from './stats-sums.ts';

// R5: the ref_id by which a partner holds a lead is the one that its last touch brought, or else an earlier one of the
// unbroken row of its touches.
const COUNTED_BY_REF_ID = `
  select coalesce(ref_id, '') as ref_id, 'touches' as quantity
  from lead_events
  where at >= :from and at < :to and type = 'touch' and partner_id = :partnerId
  union all
  select coalesce(last.ref_id, brought.ref_id, ''), 'conversions'
  from lead_events c
  cross join lateral (
    select seq, partner_id, ref_id, ref_id is not null or ref_id_problem is not null as brings_ref_id from lead_events e
    where e.lead_id = c.lead_id and e.seq < c.seq and e.type = 'touch'
    order by e.seq desc limit 1
  ) last
  left join lateral (
    select case when partner_id = :partnerId then ref_id end as ref_id from lead_events e
    where not last.brings_ref_id and e.lead_id = c.lead_id and e.seq < last.seq and e.type = 'touch'
      and (e.partner_id <> :partnerId or e.ref_id is not null or e.ref_id_problem is not null)
    order by e.seq desc limit 1
  ) brought on true
  where c.at >= :from and c.at < :to and c.type = 'conversion' and last.partner_id = :partnerId
  union all
  select coalesce(p.ref_id, ''), s.status
  from settlements s
  join postbacks p on p.conversion_id = s.conversion_id and p.seq = s.seq and p.partner_id = s.partner_id
  where s.settled_at >= :from and s.settled_at < :to and s.partner_id = :partnerId`;

const count = (quantity: string) => `count(*) filter (where quantity = '${quantity}') as ${quantity}`;

// Byte by byte, because that is the cheapest way to compare so many texts.
const SUMS_BY_REF_ID = `
  with first as materialized (
    select ref_id, ${['touches', 'conversions', 'pending', 'approved', 'rejected'].map(count).join()}
    from (select ref_id collate "C" as ref_id, quantity from (${COUNTED_BY_REF_ID}) all_facts) facts
    group by ref_id
    order by approved desc, conversions desc, touches desc, ref_id limit :limit::int + 1
  ), rewards as (
    select first.ref_id, r.currency, sum(r.amount) filter (where r.kind = 'booked') as booked,
      sum(r.amount) filter (where r.kind = 'revoked') as revoked
    from reward_entries r
    join postbacks p on p.conversion_id = r.conversion_id and p.seq = r.seq and p.partner_id = r.partner_id
    join first on first.ref_id = coalesce(p.ref_id, '')
    where r.at >= :from and r.at < :to and r.partner_id = :partnerId
    group by first.ref_id, r.currency
  ), places as (
    select ref_id, row_number() over (order by approved desc, conversions desc, touches desc, ref_id) as place from first
  )
  select s.*, place from (
    select ref_id as key, '' as currency, touches, conversions, pending, approved, rejected, 0::bigint as booked,
      0::bigint as revoked
    from first
    union all
    select ref_id, currency, 0, 0, 0, 0, 0, coalesce(booked, 0)::bigint, coalesce(revoked, 0)::bigint from rewards
  ) s join places on places.ref_id = s.key
  order by place, currency`;

/**
 * Sums of a partner's facts by ref_id ('' is none), the most approvals, then conversions, then touches first. Nothing of this
 * is counted beforehand, because most ref_ids come once: all facts of the range are read.
 */
export async function sumByRefId(
  trx: Knex,
  { partnerId, from, to, limit }: Pick<SumsQuery, 'partnerId' | 'from' | 'to'> & { limit: number },
): Promise<{ sums: Sums[]; isComplete: boolean }> {
  // For this transaction: grouping in memory takes half the time.
  await trx.raw(`set local work_mem = '64MB'`);
  const { rows } = await trx.raw<{ rows: (Sums & { place: number })[] }>(SUMS_BY_REF_ID, {
    partnerId,
    from,
    to,
    limit,
  });
  return {
    sums: rows.filter(({ place }) => place <= limit),
    isComplete: rows.every(({ place }) => place <= limit),
  };
}
