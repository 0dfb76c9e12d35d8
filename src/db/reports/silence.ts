// Who has not answered: conversions without a status, and advertisers who have stopped to call.
import type { Knex } from 'knex';
import { unansweredChanges } from '../counting/counting-unanswered.ts';
import { isFarBehind } from '../counting/far-behind.ts';
import { limitStatements } from '../limit-waiting.ts';
import { DAYS_LOOKED_AT, judgeSilence } from '../../domain/silence.ts';
import { beginOfId } from '../../new-ids.ts';
import { ifAsked, MAX_LOOKED_AT, type Page, type PageQuery } from './pages.ts';
import { findFirstCalls } from './status-calls.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const MICROS_PER_MS = 1000;
const MICROS_PER_SECOND = 1000 * MICROS_PER_MS;

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

// What was counted by the hour, and what has changed since, so an age is true to the hour.
const COUNT_UNANSWERED = `
  with latest as materialized (
    ${unansweredChanges('(select unanswered_upto from counting_progress)', `'infinity'::timestamptz`)}
  ), counts as (
    select advertiser_id, hour, conversions from unanswered_counts
    union all
    select advertiser_id, date_trunc('hour', at, 'UTC'), change from latest
  )
  select advertiser_id, width_bucket(hour, array[${BORDERS.join()}]) as bucket, sum(conversions)::bigint as conversions
  from counts
  where hour + interval '1 hour' > now() - :windowMs * interval '1 millisecond'
  group by 1, 2`;

// While counting is far behind, as after an upgrade: all conversions of the window are read, by their ids, which begin with
// their time. It takes seconds over some millions, so it has longer than other statements.
const READ_UNANSWERED = `
  select advertiser_id, width_bucket(created_at, array[${BORDERS.join()}]) as bucket, count(*) as conversions
  from conversions
  where conversion_id >= :firstId and status is null and created_at > now() - :windowMs * interval '1 millisecond'
  group by 1, 2`;
const READ_WITHIN_MS = 30_000;

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
  for (const { advertiser_id, bucket, conversions } of await readUnanswered(db, windowMs)) {
    const name = BUCKETS[bucket];
    if (name) counts.set(advertiser_id, { ...counts.get(advertiser_id), [name]: conversions });
  }
  return counts;
}

async function readUnanswered(db: Knex, windowMs: number): Promise<Unanswered[]> {
  const [progress] = await db('counting_progress').select<{ start: string }[]>('unanswered_upto as start');
  const { start = '' } = progress ?? {};
  if (!(await isFarBehind(db, { start, end: new Date().toISOString() }))) {
    const { rows } = await db.raw<{ rows: Unanswered[] }>(COUNT_UNANSWERED, { windowMs });
    return rows;
  }
  return await limitStatements(db, READ_WITHIN_MS, async (trx) => {
    const values = { firstId: beginOfId(Date.now() - windowMs), windowMs };
    const { rows } = await trx.raw<{ rows: Unanswered[] }>(READ_UNANSWERED, values);
    return rows;
  });
}

/** How many advertisers who report daily have stopped. */
export async function countSilentAdvertisers(db: Knex, afterHours: number): Promise<number> {
  return (await readRhythms(db, afterHours)).filter(({ is_silent }) => is_silent).length;
}

async function readRhythms(db: Knex, afterHours: number): Promise<Omit<AdvertiserSilence, 'unanswered'>[]> {
  const nowMs = Date.now();
  const days = Array.from({ length: DAYS_LOOKED_AT + 1 }, (_, day) => new Date(nowMs - day * DAY_MS).toISOString());
  const firsts = await findFirstCalls(db, days);
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

/** `within_hours`: how soon the window ends. A cursor holds the last activity of a lead in microseconds and a conversion_id. */
export type ReminderQuery = PageQuery & { advertiser_id?: string | undefined; within_hours: number };

// The events of so long at first, then of twice as long: nobody knows how dense they lie.
const FIRST_SPAN_MICROS = 60 * MICROS_PER_SECOND;

// A lead's window ends so long after its last touch or conversion. A later visit is another event, further on.
const listReminded = (filter: string) => `
  with active as materialized (
    select lead_id, at, count(*) as events from lead_events
    where at >= timestamptz 'epoch' + :from::bigint * interval '1 microsecond'
      and at < timestamptz 'epoch' + :end::bigint * interval '1 microsecond' and type <> 'status'
    group by 1, 2
  ), found as materialized (
    select c.conversion_id, c.advertiser_id, c.offer_id, c.created_at, a.at
    from active a
    join leads l on l.lead_id = a.lead_id and l.last_activity_at = a.at
    join lead_events e on e.lead_id = a.lead_id and e.type = 'conversion'
    join conversions c on c.conversion_id = e.conversion_id
    where c.status is null and (a.at, c.conversion_id) > (timestamptz 'epoch' + :from::bigint * interval '1 microsecond', :afterId)
      ${filter}
    order by a.at, c.conversion_id limit :limit
  )
  select f.conversion_id, f.advertiser_id, f.offer_id, f.created_at,
    f.at + :windowMs * interval '1 millisecond' as open_until, (extract(epoch from f.at) * 1000000)::bigint as micros, looked_at
  from (select coalesce(sum(events), 0)::bigint as looked_at from active) a left join found f on true
  order by f.at, f.conversion_id`;

type FoundReminder = Reminder & { micros: number; looked_at: number };

/**
 * What advertisers should be reminded of, the first window to end on top. It is walked in the order of time, a span at a
 * time, because no index leads to what is still open.
 */
export async function listReminders(db: Knex, query: ReminderQuery, windowMs: number): Promise<Page<Reminder>> {
  const { advertiser_id, within_hours, limit, cursor } = query;
  const sql = listReminded(ifAsked(advertiser_id, 'and c.advertiser_id = :advertiser_id').join(''));
  const begin = (Date.now() - windowMs) * MICROS_PER_MS;
  const until = begin + within_hours * HOUR_MS * MICROS_PER_MS;
  let [from, afterId] = readPlace(cursor, begin);
  const rows: FoundReminder[] = [];
  for (let span = FIRST_SPAN_MICROS, lookedAt = 0; from < until && lookedAt < MAX_LOOKED_AT; span *= 2) {
    const end = Math.min(from + span, until);
    const values = {
      windowMs,
      from,
      end,
      afterId,
      limit: limit + 1 - rows.length,
      ...(advertiser_id && { advertiser_id }),
    };
    const { rows: read } = await db.raw<{ rows: (FoundReminder | { conversion_id: null; looked_at: number })[] }>(
      sql,
      values,
    );
    lookedAt += read[0]?.looked_at ?? 0;
    rows.push(...read.filter((row): row is FoundReminder => row.conversion_id !== null));
    if (rows.length > limit) return pageUpTo(rows.slice(0, limit));
    [from, afterId] = [end, ''];
  }
  return { rows: rows.map(toReminder), next: from < until ? writePlace(from, '') : null };
}

function pageUpTo(rows: FoundReminder[]): Page<Reminder> {
  const last = rows.at(-1);
  return { rows: rows.map(toReminder), next: last ? writePlace(last.micros, last.conversion_id) : null };
}

function writePlace(micros: number, conversionId: string): string {
  return `${micros} ${conversionId}`;
}

/** What was over before is so now: a window that has ended meanwhile is not listed any more. */
function readPlace(cursor: string | undefined, begin: number): [micros: number, afterId: string] {
  if (cursor === undefined) return [begin, ''];
  const [micros = '', conversionId = ''] = cursor.split(' ');
  return Number(micros) < begin ? [begin, ''] : [Number(micros), conversionId];
}

function toReminder({ conversion_id, advertiser_id, offer_id, created_at, open_until }: Reminder): Reminder {
  return { conversion_id, advertiser_id, offer_id, created_at, open_until };
}
