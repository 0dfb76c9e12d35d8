import type { Knex } from 'knex';
import { quantities, SUMS_OF_FACTS } from '../countable-facts.ts';
import type { Sums, SumsQuery } from './stats-sums.ts';

// R5: the ref_id by which a partner holds a lead is the one that its last touch brought, or an earlier touch of an unbroken
// row of its touches.
const FACTS_WITH_REF_IDS = `
  facts as (
    select coalesce(ref_id, '') as ref_id, '' as currency, 'touches' as quantity, 1::bigint as amount
    from lead_events
    where at >= :from and at < :to and type = 'touch' and partner_id = :partnerId
    union all
    select coalesce(case when brought.partner_id = :partnerId then brought.ref_id end, ''), '', 'conversions', 1
    from lead_events c
    cross join lateral (
      select partner_id from lead_events e where e.lead_id = c.lead_id and e.seq < c.seq and e.type = 'touch'
      order by e.seq desc limit 1
    ) holder
    left join lateral (
      select partner_id, ref_id from lead_events e
      where e.lead_id = c.lead_id and e.seq < c.seq and e.type = 'touch'
        and (e.partner_id <> :partnerId or e.ref_id is not null or e.ref_id_problem is not null)
      order by e.seq desc limit 1
    ) brought on true
    where c.at >= :from and c.at < :to and c.type = 'conversion' and holder.partner_id = :partnerId
    union all
    select coalesce(p.ref_id, ''), '', s.status, 1
    from settlements s
    join postbacks p on p.conversion_id = s.conversion_id and p.seq = s.seq and p.partner_id = s.partner_id
    where s.settled_at >= :from and s.settled_at < :to and s.partner_id = :partnerId
    union all
    select coalesce(p.ref_id, ''), r.currency, r.kind, r.amount
    from reward_entries r
    join postbacks p on p.conversion_id = r.conversion_id and p.seq = r.seq and p.partner_id = r.partner_id
    where r.at >= :from and r.at < :to and r.partner_id = :partnerId
  )`;

/**
 * Sums of a partner's facts by ref_id ('' is none), the most approvals, then conversions, then touches first. Nothing of this
 * is counted beforehand, because most ref_ids come once: all facts of the range are read.
 */
export async function sumByRefId(
  trx: Knex,
  { partnerId, from, to, limit }: Pick<SumsQuery, 'partnerId' | 'from' | 'to'> & { limit: number },
): Promise<{ sums: Sums[]; isComplete: boolean }> {
  const { rows } = await trx.raw<{ rows: (Sums & { place: number })[] }>(
    `with ${FACTS_WITH_REF_IDS}, sums as materialized (
       select ref_id, currency, ${SUMS_OF_FACTS} from facts group by ref_id, currency
     ), first as (
       select ref_id, row_number() over (order by sum(approved) desc, sum(conversions) desc, sum(touches) desc, ref_id) as place
       from sums group by ref_id
       order by place limit :limit::int + 1
     )
     select ref_id as key, currency, ${quantities.join()}, place from first join sums using (ref_id) order by place, currency`,
    { partnerId, from, to, limit },
  );
  return { sums: rows.filter(({ place }) => place <= limit), isComplete: rows.every(({ place }) => place <= limit) };
}
