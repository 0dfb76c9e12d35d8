import type { Knex } from 'knex';

const COUNTED_AT_MOST = 100_000;

/** How much came in the last 24 hours; at most 100,000 are counted. */
export async function countLately(
  db: Knex,
  of: { partner_id: string } | { advertiser_id: string } | { offer_id: string },
): Promise<number> {
  const [[column, id] = ['', '']] = Object.entries(of);
  const type = column === 'partner_id' ? 'touch' : 'conversion';
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) as count from (
       select from lead_events
       where at >= now() - interval '1 day' and type = :type and :column: = :id limit :most
     ) lately`,
    { type, column, id, most: COUNTED_AT_MOST },
  );
  return rows[0]?.count ?? 0;
}
