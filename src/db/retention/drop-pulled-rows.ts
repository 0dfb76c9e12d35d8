import type { Knex } from 'knex';
import type { Drop } from './drop-expired.ts';

const BATCH = 1000;

// What is said of a conversion whose window is open still tells news from what an export only lists again, so it stays,
// and is looked at once more after as many days.
const DROP = `
  with page as materialized (
    select advertiser_id, conversion_id from pulled_conversions where used_on < current_date - :days::int
    order by used_on limit :limit for update skip locked
  ), judged as materialized (
    select p.*, exists (
      select from conversions c join leads l on l.lead_id = c.lead_id
      where c.conversion_id = p.conversion_id and l.last_activity_at > now() - :windowMs * interval '1 millisecond'
    ) as is_open
    from page p
  ), stayed as (
    update pulled_conversions s set used_on = current_date from judged j
    where j.is_open and s.advertiser_id = j.advertiser_id and s.conversion_id = j.conversion_id
  ), gone as (
    delete from pulled_conversions s using judged j
    where not j.is_open and s.advertiser_id = j.advertiser_id and s.conversion_id = j.conversion_id
    returning s.conversion_id
  )
  select (select count(*) from page) as looked_at, (select count(*) from gone) as dropped`;

/** What exports have said of conversions that they name no more. */
export const dropPulledRows: Drop = async (db: Knex, { days, windowMs }) => {
  type Row = { looked_at: number; dropped: number };
  const { rows } = await db.raw<{ rows: [Row] }>(DROP, { days, windowMs, limit: BATCH });
  const { looked_at, dropped } = rows[0];
  return { dropped, next: looked_at === BATCH ? '' : undefined };
};
