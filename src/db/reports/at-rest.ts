import type { Knex } from 'knex';
import { IS_OPEN } from '../postbacks.ts';

const IS_AT_REST = `
  select not exists (
      select from lead_events e
      where e.conversion_id = :conversionId and e.type = 'status'
        and not exists (select from settlements s where s.conversion_id = e.conversion_id and s.seq = e.seq)
    ) and not exists (
      select from postbacks p
      where p.conversion_id = :conversionId and ${IS_OPEN}
        and (p.next_attempt_at is null or p.next_attempt_at <= :until::timestamptz)
    ) as "isAtRest"`;

/**
 * Whether nothing more will happen to a conversion before `until` unless somebody does something: each of its statuses is
 * settled, and no attempt of a postback is under way or due by then.
 */
export async function isAtRest(db: Knex, conversionId: string, until: Date): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { isAtRest: boolean }[] }>(IS_AT_REST, { conversionId, until });
  return rows[0]?.isAtRest ?? true;
}
