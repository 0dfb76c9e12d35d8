// Who has not answered: conversions without a status, and advertisers who have stopped to call.
import type { Knex } from 'knex';
import { DAYS_LOOKED_AT, judgeSilence } from '../../domain/silence.ts';
import { beginOfId } from '../../new-ids.ts';
import { ifAsked, type Page, type PageQuery } from './pages.ts';
import { findFirstCall } from './status-calls.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** Ages of conversions in days: from the first up to the second. The last ends with the window. */
export const ageBuckets = { '0-1': [0, 1], '1-3': [1, 3], '3-7': [3, 7], '7-13': [7, 13], '13+': [13, null] } as const;

export type AgeBucket = keyof typeof ageBuckets;

/** How one advertiser answers. */
export type AdvertiserSilence = {
  advertiser_id: string;
  advertiser_name: string;
  /** Conversions of which it has said nothing, by their age; those older than the window are not waited for. */
  unanswered: Record<AgeBucket, number> & { total: number };
  /** Its last status call, or row of a file. */
  last_call_at: string | null;
  reports_daily: boolean;
  /** It reports daily, and has stopped. */
  is_silent: boolean;
};

type Calls = { advertiser_id: string; advertiser_name: string; last_call_at: string | null; days: number[] };
type Unanswered = { advertiser_id: string; bucket: number; conversions: number };

// From the oldest to the youngest, as width_bucket numbers them.
const BUCKETS = (Object.keys(ageBuckets) as AgeBucket[]).toReversed();
const BORDERS = BUCKETS.slice(0, -1).map((bucket) => `now() - interval '${ageBuckets[bucket][0]} days'`);

// By the ids of the window, which begin with their time. All of them are read: most visitors take nothing up, so what has
// no status is nearly everything, and an index of it would be paid for by each click.
const COUNT_UNANSWERED = `
  select advertiser_id, width_bucket(created_at, array[${BORDERS.join()}]) as bucket, count(*) as conversions
  from conversions
  where conversion_id >= :firstId and status is null and created_at > now() - :windowMs * interval '1 millisecond'
  group by 1, 2`;
// Longer than other statements may take: it reads the conversions of two weeks, and is asked for by people, now and then.
const COUNT_WITHIN_MS = 30_000;

// What ops say themselves breaks no silence.
const READ_CALLS = `
  select a.advertiser_id, a.name as advertiser_name, l.at as last_call_at,
    array(
      select d.day - 1 from unnest(:begins::bigint[], :ends::bigint[]) with ordinality as d (first, next, day)
      where exists (
        select from status_calls s where s.advertiser_id = a.advertiser_id and s.call_id >= d.first and s.call_id < d.next
          and s.source <> 'ops'
      )
    ) as days
  from advertisers a left join lateral (
    select at from status_calls s where s.advertiser_id = a.advertiser_id and s.source <> 'ops'
    order by call_id desc limit 1
  ) l on true
  where a.state = 'active'
  order by a.advertiser_id`;

/** All active advertisers: the silent ones first, then by how much they have not answered. */
export async function readSilence(
  db: Knex,
  { windowMs, afterHours }: { windowMs: number; afterHours: number },
): Promise<AdvertiserSilence[]> {
  const unanswered = await countUnanswered(db, windowMs);
  const found = (await readRhythms(db, afterHours)).map((advertiser) => {
    const ages = { ...NONE, ...unanswered.get(advertiser.advertiser_id) };
    return {
      ...advertiser,
      unanswered: { ...ages, total: Object.values(ages).reduce((sum, count) => sum + count, 0) },
    };
  });
  return found.sort((a, b) => Number(b.is_silent) - Number(a.is_silent) || b.unanswered.total - a.unanswered.total);
}

const NONE: Record<AgeBucket, number> = { '0-1': 0, '1-3': 0, '3-7': 0, '7-13': 0, '13+': 0 };

async function countUnanswered(db: Knex, windowMs: number): Promise<Map<string, Partial<Record<AgeBucket, number>>>> {
  const counts = new Map<string, Partial<Record<AgeBucket, number>>>();
  await db.transaction(async (trx) => {
    await trx.raw(`set local statement_timeout = ${COUNT_WITHIN_MS}`);
    const values = { firstId: beginOfId(Date.now() - windowMs), windowMs };
    const { rows } = await trx.raw<{ rows: Unanswered[] }>(COUNT_UNANSWERED, values);
    for (const { advertiser_id, bucket, conversions } of rows) {
      const name = BUCKETS[bucket];
      if (name) counts.set(advertiser_id, { ...counts.get(advertiser_id), [name]: conversions });
    }
  });
  return counts;
}

/** How many advertisers who report daily have stopped. */
export async function countSilentAdvertisers(db: Knex, afterHours: number): Promise<number> {
  return (await readRhythms(db, afterHours)).filter(({ is_silent }) => is_silent).length;
}

async function readRhythms(db: Knex, afterHours: number): Promise<Omit<AdvertiserSilence, 'unanswered'>[]> {
  const nowMs = Date.now();
  const firsts: number[] = [];
  for (let day = 0; day <= DAYS_LOOKED_AT; day++) {
    firsts.push(await findFirstCall(db, new Date(nowMs - day * DAY_MS).toISOString()));
  }
  // Day 0 ends with the last call there is.
  const ends = [Number.MAX_SAFE_INTEGER, ...firsts.slice(1, -1)];
  const { rows } = await db.raw<{ rows: Calls[] }>(READ_CALLS, { begins: firsts.slice(1), ends });
  return rows.map(({ days, last_call_at, ...advertiser }) => {
    const lastCallMs = last_call_at === null ? null : Date.parse(last_call_at);
    const judged = judgeSilence({ lastCallMs, daysWithCalls: days }, { nowMs, afterHours });
    return { ...advertiser, last_call_at, reports_daily: judged.reportsDaily, is_silent: judged.isSilent };
  });
}

/** A conversion whose window ends soon, and of which its advertiser has said nothing. */
export type Reminder = {
  conversion_id: string;
  advertiser_id: string;
  offer_id: string;
  created_at: string;
  /** When its window ends, unless its visitor comes again. */
  open_until: string;
};

/** `within_hours`: how soon the window ends. The cursor of a page is a conversion_id. */
export type ReminderQuery = PageQuery & { advertiser_id?: string | undefined; within_hours: number };

// As with other lists: so many are looked at for one page, where they have to be looked at one by one.
const MAX_LOOKED_AT = 5000;

const listReminded = (filter: string) => `
  with looked_at as materialized (
    select conversion_id from conversions
    where conversion_id > :after and conversion_id >= :firstId and conversion_id < :endId
    order by conversion_id limit ${MAX_LOOKED_AT}
  ), found as materialized (
    select c.conversion_id, c.advertiser_id, c.offer_id, c.created_at, c.lead_id
    from looked_at k cross join lateral (
      select * from conversions t where t.conversion_id = k.conversion_id limit 1
    ) c
    where c.status is null and c.created_at > now() - :windowMs * interval '1 millisecond' ${filter}
    order by c.conversion_id limit :limit
  )
  select f.conversion_id, f.advertiser_id, f.offer_id, f.created_at,
    l.last_activity_at + :windowMs * interval '1 millisecond' as open_until, e.walk_end
  from (
    select case when count(*) = ${MAX_LOOKED_AT} then max(conversion_id) end as walk_end from looked_at
  ) e left join found f on true left join leads l on l.lead_id = f.lead_id
  order by f.conversion_id`;

/** What advertisers should be reminded of, the oldest first: they have so long to answer. */
export async function listReminders(db: Knex, query: ReminderQuery, windowMs: number): Promise<Page<Reminder>> {
  const { advertiser_id, within_hours, limit, cursor } = query;
  const nowMs = Date.now();
  const values = {
    ...{ after: cursor ?? '', windowMs, limit: limit + 1 },
    firstId: beginOfId(nowMs - windowMs),
    endId: beginOfId(nowMs - windowMs + within_hours * HOUR_MS),
    ...(advertiser_id !== undefined && { advertiser_id }),
  };
  const sql = listReminded(ifAsked(advertiser_id, 'and c.advertiser_id = :advertiser_id').join(''));
  type Row = Reminder & { walk_end: string | null };
  const { rows: read } = await db.raw<{ rows: (Row | (Record<keyof Reminder, null> & Pick<Row, 'walk_end'>))[] }>(
    sql,
    values,
  );
  const rows = read.filter((row): row is Row => row.conversion_id !== null);
  const shown = rows.slice(0, limit);
  const next = rows.length > limit ? shown.at(-1)?.conversion_id : read[0]?.walk_end;
  return { rows: shown.map(toReminder), next: next ?? null };
}

function toReminder({ conversion_id, advertiser_id, offer_id, created_at, open_until }: Reminder): Reminder {
  return { conversion_id, advertiser_id, offer_id, created_at, open_until };
}
