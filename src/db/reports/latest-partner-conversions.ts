// Conversions of a partner that have come since its table of them was last filled.
import type { Knex } from 'knex';
import { isFarBehind } from '../counting/far-behind.ts';
import { readConversionsUpto } from '../counting/finding-conversions.ts';
import type { idsInTime } from './ids-in-time.ts';
import { allOf, MAX_LOOKED_AT } from './pages.ts';

type Ids = Pick<ReturnType<typeof idsInTime>, 'onIds' | 'values'>;

/** `missingSince`: what happened since then may be missing, ISO 8601; null when all is found. */
export type LatestConversions = { latestIds: string[]; missingSince: string | null };

// Those that the table has not yet, by the events that have come since. Of a page's ids only, and no more than one page
// can look at.
const findLatest = (onIds: string[]) => `
  with events as materialized (
    select lead_id, seq, type, partner_id, conversion_id from lead_events
    where at >= :upto and type in ('touch', 'conversion') and (type = 'conversion' or partner_id = :partner_id and seq > 1)
  )
  select conversion_id from (
    select e.conversion_id
    from events e cross join lateral (
      select partner_id from lead_events t where t.lead_id = e.lead_id and t.seq < e.seq and t.type = 'touch'
      order by t.seq desc limit 1
    ) t
    where e.type = 'conversion' and ${allOf(onIds.map((each) => `e.${each}`))} and t.partner_id = :partner_id
    union
    select c.conversion_id
    from (select lead_id, max(seq) as seq from events where type = 'touch' group by 1) e
    join lead_events c on c.lead_id = e.lead_id and c.seq < e.seq and c.type = 'conversion'
    where ${allOf(onIds.map((each) => `c.${each}`))}
  ) latest
  order by conversion_id desc limit ${MAX_LOOKED_AT}`;

// Who holds the latest leads is read event by event, those of everybody. When that is too much, whoever was told a status is
// found by its postbacks all the same.
const findTold = (onIds: string[]) => `
  select conversion_id from postbacks where ${allOf(['partner_id = :partner_id', ...onIds])}
  group by conversion_id order by conversion_id desc limit ${MAX_LOOKED_AT}`;

/**
 * The conversions of a page's time that the partner's table may lack. To be read before the list, which is then without a
 * gap: what leaves the latest meanwhile is in the table by then. While counting is far behind, as after an upgrade, only those
 * are found that the partner was told a status of.
 */
export async function findLatestConversions(
  db: Knex,
  partnerId: string,
  { onIds, values }: Ids,
): Promise<LatestConversions> {
  const upto = await readConversionsUpto(db);
  const isMissing = await isFarBehind(db, { start: upto, end: new Date().toISOString() });
  const asked = { ...values, partner_id: partnerId, upto };
  const { rows } = await db.raw<{ rows: { conversion_id: string }[] }>(
    (isMissing ? findTold : findLatest)(onIds),
    asked,
  );
  return { latestIds: rows.map((row) => row.conversion_id), missingSince: isMissing ? upto : null };
}
