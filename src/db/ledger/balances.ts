import type { Knex } from 'knex';

/** What a partner has in one currency, in minor units; sums of different currencies are never added up. */
export type Balance = {
  currency: string;
  /** Earned and not paid out; below 0 when more was revoked after it was paid. */
  open: number;
  open_lines: number;
  /** Everything before it is paid out; null before the first payout. */
  open_from: string | null;
  paid: number;
  payouts: number;
  /** Open and paid together: what was ever earned, less what was revoked. */
  total: number;
};

// A line says by its time whether it is paid; payouts need not be looked for one by one.
const balancesOf = (partnerId: string) => `
  with closed as materialized (
    select currency, max(upto) as upto, sum(amount)::bigint as paid, count(*) as payouts
    from payouts where partner_id = ${partnerId} group by currency
  ), open as (
    select l.currency, sum(l.amount)::bigint as open, count(*) as open_lines
    from ledger_lines l left join closed c on c.currency = l.currency
    where l.partner_id = ${partnerId} and l.kind <> 'payout' and (c.upto is null or l.at >= c.upto)
    group by l.currency
  )
  select coalesce(o.currency, c.currency) as currency, coalesce(open, 0) as open, coalesce(open_lines, 0) as open_lines,
    c.upto as open_from, coalesce(paid, 0) as paid, coalesce(payouts, 0) as payouts,
    coalesce(open, 0) + coalesce(paid, 0) as total
  from open o full join closed c on c.currency = o.currency order by 1`;

/** Of one partner, a row for each currency it ever had a line in. */
export async function readBalances(db: Knex, partnerId: string): Promise<Balance[]> {
  const { rows } = await db.raw<{ rows: Balance[] }>(balancesOf(':partnerId'), { partnerId });
  return rows;
}

/** Of several partners; those who never had a line are left out. */
export async function readBalancesOfMany(db: Knex, partnerIds: readonly string[]): Promise<Map<string, Balance[]>> {
  const { rows } = await db.raw<{ rows: (Balance & { partner_id: string })[] }>(
    `select p.partner_id, b.* from unnest(:partnerIds::text[]) p (partner_id)
     cross join lateral (${balancesOf('p.partner_id')}) b`,
    { partnerIds: [...partnerIds] },
  );
  const found = new Map<string, Balance[]>();
  for (const { partner_id: partnerId, ...balance } of rows) {
    found.set(partnerId, [...(found.get(partnerId) ?? []), balance]);
  }
  return found;
}
