// Touches of finished leads. What must stay is what decides who held the lead, and by which ref_id, whenever a conversion
// was made or a status came, and at its end, for a status that is accepted late:
// - the last touch before such a moment, which tells the holder (R3);
// - the last touch with a ref_id since that partner came, which tells the ref_id (R5);
// - where there is none, the other partner's touch before it came: without it, an earlier visit of the same partner would
//   lend it its ref_id;
// - and whatever a settlement names.
// Between what stays and the moment there is then no other touch, so the rules make of what is left what they made of all.
// Right after a number that is missing comes a touch that stayed: activities/lead-events.ts builds on that.
import type { Knex } from 'knex';
import { beginOfId } from '../../new-ids.ts';
import type { DroppedBatch } from './drop-expired.ts';

const LEADS_PER_BATCH = 250;
const DAY_MS = 24 * 60 * 60 * 1000;
// Cookies and clocks may be a little off: nobody comes back to a lead that is over for a day.
const SPARE_MS = DAY_MS;

// A lead that no offer was taken up in goes as a whole: no status can ever come for it. It is locked first, so that no
// click or status comes in between. What is not counted yet stays, for partners' figures.
const DROP_TOUCHES = `
  with finished as materialized (
    select lead_id, last_seq from leads l
    where lead_id = any(:leadIds) and last_activity_at < now() - :idleMs * interval '1 millisecond'
      and last_activity_at < (select least(counted_upto, conversions_upto) from counting_progress)
      and not exists (select from outbox o where o.lead_id = l.lead_id)
    order by lead_id
    for update skip locked
  ), events as materialized (
    select lead_id, seq, type, partner_id, conversion_id, ref_id is not null or ref_id_problem is not null as has_ref_id,
      coalesce(lead(type) over (partition by lead_id order by seq), 'end') <> 'touch' as decides
    from finished join lead_events using (lead_id)
  ), visits as (
    select *, count(*) filter (where is_change) over (partition by lead_id order by seq) as visit
    from (
      select lead_id, seq, has_ref_id, decides, lag(seq) over w as seq_before,
        partner_id is distinct from lag(partner_id) over w as is_change
      from events where type = 'touch'
      window w as (partition by lead_id order by seq)
    ) touches
  ), touches as materialized (
    select lead_id, seq, decides, max(seq) filter (where has_ref_id) over w as named_seq,
      first_value(seq_before) over w as seq_before_visit
    from visits window w as (partition by lead_id, visit order by seq)
  ), useful as materialized (
    select distinct lead_id, last_seq from finished join events using (lead_id) where type <> 'touch'
  ), kept as (
    select lead_id, seq from touches where decides
    union
    select lead_id, coalesce(named_seq, seq_before_visit) from touches where decides
    union
    select e.lead_id, s.touch_seq from events e join settlements s on s.conversion_id = e.conversion_id
    where e.type = 'conversion'
  ), dropped as (
    delete from lead_events e using touches t
    where e.lead_id = t.lead_id and e.seq = t.seq and (
      not exists (select from useful u where u.lead_id = t.lead_id)
      or not exists (select from kept k where k.lead_id = t.lead_id and k.seq = t.seq)
    )
    returning e.lead_id
  ), noted as (
    insert into dropped_touches as n (lead_id, touches, upto_seq)
    select u.lead_id, count(*), u.last_seq from useful u join dropped d using (lead_id)
    group by u.lead_id, u.last_seq order by u.lead_id
    on conflict (lead_id) do update
      set touches = n.touches + excluded.touches, upto_seq = excluded.upto_seq, dropped_at = excluded.dropped_at
  ), gone as (
    delete from leads l using finished f
    where l.lead_id = f.lead_id and not exists (select from useful u where u.lead_id = f.lead_id)
  )
  select (select count(*) from dropped) as dropped, (select array_agg(lead_id) from finished) as "leadIds"`;

type Asked = {
  days: number;
  windowMs: number;
  /** '' at first. */
  after: string;
};

// Where a batch begins that takes up leads which were not finished when they were looked at first.
const AGAIN = 'again:';

/**
 * Drops touches of finished leads: those whose window is over and in which nothing has happened for so many days. First
 * those that nobody has looked at, then once more those that were not finished.
 */
export async function dropTouches(db: Knex, { days, windowMs, after }: Asked): Promise<DroppedBatch> {
  const idleMs = Math.max(days * DAY_MS, windowMs + SPARE_MS);
  const isAgain = after.startsWith(AGAIN);
  return await db.transaction(async (trx) => {
    const page = isAgain ? await readUnfinished(trx, after.slice(AGAIN.length)) : await readNext(trx, idleMs);
    const dropped = await dropOfLeads(trx, { leadIds: page, idleMs });
    const last = page.at(-1);
    if (!isAgain && last !== undefined) await trx('touch_retention').update({ upto_lead_id: last });
    return { dropped, next: nextOf({ last: page.length < LEADS_PER_BATCH ? undefined : last, isAgain }) };
  });
}

function nextOf({ last, isAgain }: { last: string | undefined; isAgain: boolean }): string | undefined {
  if (isAgain) return last === undefined ? undefined : AGAIN + last;
  return last === undefined ? AGAIN : last;
}

/** The order of ids is that of the times at which leads began. */
async function readNext(trx: Knex, idleMs: number): Promise<string[]> {
  const { rows } = await trx.raw<{ rows: { lead_id: string }[] }>(
    `select lead_id from leads
     where lead_id > (select upto_lead_id from touch_retention for update) and lead_id < :end
     order by lead_id limit :limit`,
    { end: beginOfId(Date.now() - idleMs), limit: LEADS_PER_BATCH },
  );
  return rows.map(({ lead_id }) => lead_id);
}

async function readUnfinished(trx: Knex, after: string): Promise<string[]> {
  const rows = await trx('unfinished_leads')
    .where('lead_id', '>', after)
    .orderBy('lead_id')
    .limit(LEADS_PER_BATCH)
    .select<{ lead_id: string }[]>('lead_id');
  return rows.map(({ lead_id }) => lead_id);
}

/** @returns how many touches were dropped */
async function dropOfLeads(trx: Knex, { leadIds, idleMs }: { leadIds: string[]; idleMs: number }): Promise<number> {
  if (leadIds.length === 0) return 0;
  const { rows } = await trx.raw<{ rows: { dropped: number; leadIds: string[] | null }[] }>(DROP_TOUCHES, {
    leadIds,
    idleMs,
  });
  const { dropped, leadIds: finished } = { dropped: 0, ...rows[0], leadIds: rows[0]?.leadIds ?? [] };
  if (dropped > 0) {
    await trx('touch_retention').update({
      dropped_before: trx.raw(`greatest(dropped_before, now() - :idleMs * interval '1 millisecond')`, { idleMs }),
    });
  }
  const done = new Set(finished);
  const unfinished = leadIds.filter((leadId) => !done.has(leadId)).map((lead_id) => ({ lead_id }));
  if (unfinished.length > 0) await trx('unfinished_leads').insert(unfinished).onConflict('lead_id').ignore();
  await trx('unfinished_leads').whereIn('lead_id', finished).delete();
  return dropped;
}
