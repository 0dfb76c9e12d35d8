import type { Knex } from 'knex';

/** Beyond this nobody counts: it says enough. */
export const COUNTED_AT_MOST = 10_000;

/** Status calls that came after the window and wait to be accepted late or left. */
export async function countLateStatuses(db: Knex): Promise<number> {
  return await countSome(db, `select from status_calls where result = 'window_closed'`);
}

/** Words of advertisers that nobody has said the meaning of. */
export async function countUnknownWords(db: Knex): Promise<number> {
  return await countSome(db, `select distinct advertiser_id, word from status_calls where result = 'unknown_word'`);
}

/**
 * Conversions without an answer whose leads' windows end within a day, unless something happens before that.
 * @param windowMs how long a lead stays open after its last touch or conversion
 */
export async function countClosingConversions(db: Knex, windowMs: number): Promise<number> {
  return await countSome(
    db,
    `select from lead_events e
     join leads l on l.lead_id = e.lead_id and l.last_activity_at = e.at
     join lateral (
       select from lead_events c join conversions v on v.conversion_id = c.conversion_id
       where c.lead_id = e.lead_id and c.type = 'conversion' and v.status is null
     ) unanswered on true
     where e.type <> 'status' and e.at >= now() - :windowMs * interval '1 millisecond'
       and e.at < now() - :windowMs * interval '1 millisecond' + interval '1 day'`,
    { windowMs },
  );
}

async function countSome(db: Knex, rows: string, values: Record<string, number> = {}): Promise<number> {
  const { rows: counted } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) as count from (${rows} limit :most) counted`,
    { ...values, most: COUNTED_AT_MOST },
  );
  return counted[0]?.count ?? 0;
}
