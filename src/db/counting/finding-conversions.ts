// Which conversions a partner may list is found behind the clicks, as counts are made: in steps, each by one transaction
// that takes the events of a span of time and moves `conversions_upto` to its end.
import type { Knex } from 'knex';

// R3, R8: a conversion concerns whoever held its lead when it was made; and whoever touches the lead later, who may win it.
const FIND_CONVERSIONS = `
  with events as materialized (
    select lead_id, seq, type, partner_id, conversion_id from lead_events
    where at >= :start and at < :end and type in ('touch', 'conversion')
  ), found as (
    select t.partner_id, e.conversion_id
    from events e cross join lateral (
      select partner_id from lead_events t where t.lead_id = e.lead_id and t.seq < e.seq and t.type = 'touch'
      order by t.seq desc limit 1
    ) t
    where e.type = 'conversion'
    union
    select e.partner_id, c.conversion_id
    from (select lead_id, partner_id, max(seq) as seq from events where type = 'touch' and seq > 1 group by 1, 2) e
    join lead_events c on c.lead_id = e.lead_id and c.seq < e.seq and c.type = 'conversion'
  ), kept as (
    insert into partner_conversions (partner_id, conversion_id)
    select partner_id, conversion_id from found order by 1, 2 on conflict do nothing
  )
  update counting_progress set conversions_upto = :end`;

/**
 * Finds the conversions of the next `spanMs`, or those up to the horizon if that is nearer. Within one that counts, which
 * holds the lock of the progress. What is found twice is kept once.
 * @returns whether there was nothing left to find
 */
export async function findNextConversions(
  trx: Knex.Transaction,
  { horizon, spanMs }: { horizon: string; spanMs: number },
): Promise<boolean> {
  const upto = await readConversionsUpto(trx);
  // The clock was set back, so facts may still come that are older than what was looked through.
  if (horizon <= upto) {
    await trx('counting_progress').update({ conversions_upto: horizon });
    return true;
  }
  const end = new Date(Math.min(Date.parse(horizon), Date.parse(upto) + spanMs)).toISOString();
  await trx.raw(FIND_CONVERSIONS, { start: upto, end });
  return end === horizon;
}

/** Every conversion before this moment is in `partner_conversions`; ISO 8601. */
export async function readConversionsUpto(db: Knex): Promise<string> {
  const [progress] = await db('counting_progress').select<{ conversions_upto: string }[]>('conversions_upto');
  if (!progress) throw new Error('The row of counting_progress is gone; see docs/production.md, "Counting anew".');
  return progress.conversions_upto;
}
