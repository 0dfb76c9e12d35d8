import type { Knex } from 'knex';
import type { StatusResult } from '../../domain/status-report.ts';
import type { Status } from '../../domain/status.ts';
import type { Vocabulary } from '../../domain/vocabulary.ts';
import type { TimeRange } from './ids-in-time.ts';
import { ifAsked, allOf, readPage, type List, type Page, type PageQuery } from './pages.ts';

/** What became of a call: a status that was recorded at once or accepted late, one that changed nothing, or its refusal. */
export const statusCallResults = [
  'recorded',
  'duplicate',
  'stale',
  'accepted_late',
  'window_closed',
  'unknown_word',
  'unknown_conversion',
  'malformed',
  'ignored',
] as const satisfies StatusResult[];

export const statusSources = ['call', 'import', 'ops'] as const;

/** An advertiser's call as it was kept, and what became of it. */
export type StatusCallRow = {
  call_id: number;
  advertiser_id: string;
  at: string;
  conversion_id: string | null;
  transaction_id: string | null;
  /** Who brought it. */
  source: (typeof statusSources)[number];
  /** The file and the row of it that it is; null for what is none. */
  import_id: string | null;
  row_number: number | null;
  /** What the caller sent, except the token. */
  raw: unknown;
  /** The advertiser's, trimmed and in lower case. */
  word: string | null;
  /** What it was taken for. */
  status: Status | null;
  result: (typeof statusCallResults)[number];
  lead_id: string | null;
  /** Of the event that it became; null when it became none. */
  seq: number | null;
  accepted_at: string | null;
  /** When it was judged once more. */
  rejudged_at: string | null;
};

/** The same with what it is read by today. */
export type LoggedCall = StatusCallRow & { vocabulary: Vocabulary | null };

/** The cursor of a page is the call_id of its last one. */
export type StatusCallQuery = PageQuery &
  TimeRange & {
    advertiser_id?: string | undefined;
    conversion_id?: string | undefined;
    result?: StatusCallRow['result'] | undefined;
  };

export const STATUS_CALL_COLUMNS = [
  'call_id',
  'advertiser_id',
  'at',
  'conversion_id',
  'transaction_id',
  'source',
  'import_id',
  'row_number',
  'raw',
  'word',
  'status',
  'result',
  'lead_id',
  'seq',
  'accepted_at',
  'rejudged_at',
] as const satisfies (keyof StatusCallRow)[];

const MINUTE_MS = 60 * 1000;
// Postgres reads no year of five digits.
const LAST_MOMENT_MS = Date.UTC(10_000, 0) - 1;
// A call gets its number while it is written, and its time when its transaction begins; none takes as long as this.
const MAX_DISORDER_MS = MINUTE_MS;

/** Calls as they were kept, the newest first. */
export async function listStatusCalls(db: Knex, query: StatusCallQuery): Promise<Page<LoggedCall>> {
  const { from, to, cursor, ...filters } = query;
  const inTime = {
    ...(from !== undefined && { from, first_id: await findFirstCall(db, shift(from, -MAX_DISORDER_MS)) }),
    ...(to !== undefined && { to, end_id: await findFirstCall(db, shift(to, MAX_DISORDER_MS)) }),
  };
  const onIds = [
    ...ifAsked(from, 'call_id >= :first_id'),
    ...ifAsked(to, 'call_id < :end_id'),
    ...ifAsked(cursor, 'call_id < :cursor::bigint'),
  ];
  const { walk, rest } = walkCalls(filters, onIds);
  const list: List = {
    table: 'status_calls',
    id: 'call_id',
    order: ['call_id'],
    walk,
    filter: {
      joins: [],
      conditions: [
        ...ifAsked(from, 'r.at >= :from'),
        ...ifAsked(to, 'r.at < :to'),
        ...ifAsked(rest.advertiser_id, 'r.advertiser_id = :advertiser_id'),
        ...ifAsked(rest.result, 'r.result = :result'),
      ],
    },
    show: {
      columns: [...STATUS_CALL_COLUMNS.map((column) => `f.${column}`), 'a.vocabulary'].join(),
      joins: [' join advertisers a on a.advertiser_id = f.advertiser_id'],
    },
  };
  return await readPage<LoggedCall>(db, list, { ...query, ...inTime });
}

/** @returns undefined when there is no such call, or none any more */
export async function readStatusCall(db: Knex, callId: number): Promise<LoggedCall | undefined> {
  return await db('status_calls as s')
    .join('advertisers as a', 'a.advertiser_id', 's.advertiser_id')
    .where({ 's.call_id': callId })
    .first<LoggedCall | undefined>([...STATUS_CALL_COLUMNS.map((column) => `s.${column}`), 'a.vocabulary']);
}

/** Goes through the index that leads to the fewest calls; `rest` is what it does not tell. */
function walkCalls(
  { advertiser_id, conversion_id, result }: Omit<StatusCallQuery, 'from' | 'to' | 'cursor'>,
  onIds: string[],
): { walk: string; rest: Pick<StatusCallQuery, 'advertiser_id' | 'result'> } {
  const walk = (...conditions: string[]) => `
    select call_id, call_id::text as key from status_calls where ${allOf([...conditions, ...onIds])}
    order by call_id desc limit :walk`;
  if (conversion_id !== undefined)
    return { walk: walk('conversion_id = :conversion_id'), rest: { advertiser_id, result } };
  // What is recorded is nearly all there is, and only the rest has an index of its results.
  const ofResult =
    result === undefined || result === 'recorded' ? undefined : [`result = :result`, `result <> 'recorded'`];
  const ofAdvertiser = ifAsked(advertiser_id, 'advertiser_id = :advertiser_id');
  return ofResult
    ? { walk: walk(...ofAdvertiser, ...ofResult), rest: {} }
    : { walk: walk(...ofAdvertiser), rest: { result } };
}

/**
 * Numbers of calls follow their times to within seconds, so the first one of a time is found by halving: some thirty
 * look-ups, however many there are, and no index of times that every call would pay for.
 */
const findFirstCallAfter = (moment: string) => `
  with recursive search (low, high) as (
    select coalesce(min(call_id), 1), coalesce(max(call_id), 0) + 1 from status_calls
    union all
    select case when r.at < ${moment} then r.call_id + 1 else s.low end,
           case when r.at < ${moment} then s.high else (s.low + s.high) / 2 end
    from search s cross join lateral (
      select call_id, at from status_calls where call_id >= (s.low + s.high) / 2 order by call_id limit 1
    ) r
    where s.low < s.high
  )
  select low as call_id from search where low >= high limit 1`;

/** A number that parts the calls before this moment from the others: theirs are smaller. @param moment ISO 8601 */
export async function findFirstCall(db: Knex, moment: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { call_id: number }[] }>(findFirstCallAfter(':moment'), { moment });
  return rows[0]?.call_id ?? 1;
}

/** The same for several moments at once. */
export async function findFirstCalls(db: Knex, moments: string[]): Promise<number[]> {
  const { rows } = await db.raw<{ rows: { call_id: number }[] }>(
    `select coalesce(f.call_id, 1) as call_id
     from unnest(:moments::timestamptz[]) with ordinality as m (moment, place)
     left join lateral (${findFirstCallAfter('m.moment')}) f on true
     order by m.place`,
    { moments },
  );
  return rows.map(({ call_id }) => call_id);
}

function shift(moment: string, byMs: number): string {
  return new Date(Math.min(LAST_MOMENT_MS, Math.max(0, Date.parse(moment) + byMs))).toISOString();
}
