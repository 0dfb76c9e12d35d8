// How many conversions have no status yet is counted behind the facts, as partners' figures are: in steps, each by one
// transaction that takes the events of a span of time and moves `unanswered_upto` to its end. What is open is nearly
// everything, so an index of it would be paid for by each click.
import type { Knex } from 'knex';

/**
 * From when on there is something to count; no window is longer than 400 days. The ids of conversions are in the order of
 * time, but for what was made at the same moment.
 */
const BEGIN_OF_UNANSWERED = `date_trunc('milliseconds', greatest(
    now() - interval '400 days',
    least(now(), (select created_at from conversions order by conversion_id limit 1)) - interval '1 hour'
  ))`;

/**
 * What the events of the time from `start` to `end`, SQL both, change: rows of `advertiser_id`, `at` and `change`, where
 * `at` is when the conversion was made. Its first status takes it off again.
 */
export const unansweredChanges = (start: string, end: string) => `
  select advertiser_id, at, 1 as change from lead_events
  where at >= ${start} and at < ${end} and type = 'conversion'
  union all
  select made.advertiser_id, made.at, -1
  from lead_events e
  join conversions c on c.conversion_id = e.conversion_id
  join lead_events made on made.lead_id = c.lead_id and made.seq = c.seq
  where e.at >= ${start} and e.at < ${end} and e.type = 'status' and not exists (
    select from lead_events f where f.conversion_id = e.conversion_id and f.type = 'status' and f.seq < e.seq
  )`;

const COUNT = `
  with counted as (
    insert into unanswered_counts as u (hour, advertiser_id, conversions)
    select date_trunc('hour', at, 'UTC'), advertiser_id, sum(change)
    from (${unansweredChanges(':start::timestamptz', ':end::timestamptz')}) changes
    group by 1, 2 having sum(change) <> 0 order by 1, 2
    on conflict (hour, advertiser_id) do update set conversions = u.conversions + excluded.conversions
  ), over as (
    delete from unanswered_counts where hour < now() - interval '402 days'
  )
  update counting_progress set unanswered_upto = :end`;

/**
 * Counts what the next `spanMs` changed, or what did so up to the horizon if that is nearer. Within one that counts, which
 * holds the lock of the progress.
 * @returns whether there was nothing left to count
 */
export async function countNextUnanswered(
  trx: Knex.Transaction,
  { horizon, spanMs }: { horizon: string; spanMs: number },
): Promise<boolean> {
  const [progress] = await trx('counting_progress').select<{ unanswered_upto: string }[]>('unanswered_upto');
  const upto = progress?.unanswered_upto ?? horizon;
  if (horizon < upto) await recountUnanswered(trx);
  if (horizon <= upto) return true;
  const end = new Date(Math.min(Date.parse(horizon), Date.parse(upto) + spanMs)).toISOString();
  await trx.raw(COUNT, { start: upto, end });
  return end === horizon;
}

/** Forgets all of it: a status changes the count of an hour long ago, so a part cannot be counted again. */
export async function recountUnanswered(trx: Knex): Promise<void> {
  await trx('unanswered_counts').delete();
  await trx.raw(`update counting_progress set unanswered_upto = ${BEGIN_OF_UNANSWERED}`);
}
