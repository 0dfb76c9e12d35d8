import type { Knex } from 'knex';

/** Touches that brought a tracker's macro, such as `{clickid}`, where its value should have been. */
export type UnfilledRefIds = { touches: number; latest_ref_id: string; latest_at: string };

/**
 * The touches of a partner's last days whose ref_id is a macro that nobody has filled in; null when there are none. They are
 * counted with its other figures, so those of the last minute are still missing.
 */
export async function readUnfilledRefIds(
  db: Knex,
  partnerId: string,
  { days }: { days: number },
): Promise<UnfilledRefIds | null> {
  const { rows } = await db.raw<{ rows: UnfilledRefIds[] }>(
    `select sum(touches)::bigint as touches, max(latest_at) as latest_at,
       (array_agg(latest_ref_id order by latest_at desc))[1] as latest_ref_id
     from unfilled_ref_ids
     where partner_id = :partnerId and bucket >= now() - :days * interval '1 day'
     having count(*) > 0`,
    { partnerId, days },
  );
  return rows[0] ?? null;
}
