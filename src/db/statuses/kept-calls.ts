import type { Knex } from 'knex';
import type { RawStatusCall } from '../../domain/status-call.ts';
import type { StatusReport, StatusResult } from '../../domain/status-report.ts';
import type { Status } from '../../domain/status.ts';

/** A kept call as it is judged again. */
export type KeptStatusCall = {
  callId: number;
  advertiserId: string;
  conversionId: string | null;
  word: string | null;
  transactionId: string | null;
  /** What became of it, such as `recorded` or `window_closed`. */
  result: StatusResult;
  raw: RawStatusCall;
  source: StatusReport['source'];
  /** When it came, and when its advertiser says that it happened; ISO 8601. */
  at: string;
  eventAt: string | null;
  notify: boolean;
};

const COLUMNS = {
  callId: 'call_id',
  advertiserId: 'advertiser_id',
  conversionId: 'conversion_id',
  word: 'word',
  transactionId: 'transaction_id',
  result: 'result',
  raw: 'raw',
  source: 'source',
  at: 'at',
  eventAt: 'event_at',
  notify: 'notify',
};

/** @returns undefined when there is no such conversion */
export async function findAdvertiserOfConversion(db: Knex, conversionId: string): Promise<string | undefined> {
  const row = await db('conversions')
    .where({ conversion_id: conversionId })
    .first<{ advertiser_id: string } | undefined>('advertiser_id');
  return row?.advertiser_id;
}

/** What a conversion is now, of this advertiser if one is named. @returns undefined when there is no such conversion */
export async function findConversionStatus(
  db: Knex,
  { conversion_id, advertiser_id }: { conversion_id: string | null; advertiser_id?: string },
): Promise<{ status: Status | null } | undefined> {
  if (conversion_id === null) return undefined;
  return await db('conversions')
    .where({ conversion_id, ...(advertiser_id !== undefined && { advertiser_id }) })
    .first<{ status: Status | null } | undefined>('status');
}

/** Locks a kept call for the rest of the transaction. @returns undefined when there is no such call */
export async function lockStatusCall(trx: Knex, callId: number): Promise<KeptStatusCall | undefined> {
  return await trx('status_calls').where({ call_id: callId }).forUpdate().first<KeptStatusCall | undefined>(COLUMNS);
}

/** Kept calls of an advertiser with one of some words, those after `after` in the order in which they came. */
type WaitingCalls = { advertiserId: string; words: string[] };

// Word by word from the inbox's index, so that a flood of other words is not walked through.
const FIND_WAITING = `
  select c.call_id from unnest(:words::text[]) w (word) cross join lateral (
    select s.call_id from status_calls s
    where s.result = 'unknown_word' and s.advertiser_id = :advertiserId and s.word collate "C" = w.word
      and s.call_id > :after
    order by s.call_id limit :limit
  ) c
  order by c.call_id limit :limit`;

/**
 * Locks the next of the calls that were refused for one of these words. Whoever else applies kept calls of this advertiser
 * waits until the transaction has ended, so that each is judged once and in its turn.
 */
export async function lockWaitingCalls(
  trx: Knex,
  { advertiserId, words, after, limit }: WaitingCalls & { after: number; limit: number },
): Promise<KeptStatusCall[]> {
  await trx.raw(`select pg_advisory_xact_lock(hashtext('kept calls'), hashtext(:advertiserId))`, { advertiserId });
  const { rows } = await trx.raw<{ rows: { call_id: number }[] }>(FIND_WAITING, { advertiserId, words, after, limit });
  return await trx('status_calls')
    .whereIn(
      'call_id',
      rows.map((row) => row.call_id),
    )
    .where({ result: 'unknown_word' })
    .orderBy('call_id')
    .forUpdate()
    .select<KeptStatusCall[]>(COLUMNS);
}

/** How many calls wait for one of these words; at most `most` are counted. */
export async function countWaitingCalls(
  db: Knex,
  { advertiserId, words, most }: WaitingCalls & { most: number },
): Promise<number> {
  const values = { advertiserId, words, after: 0, limit: most };
  const { rows } = await db.raw<{ rows: [{ count: number }] }>(`select count(*) from (${FIND_WAITING}) c`, values);
  return rows[0].count;
}

/** What would become of the calls that wait for a word, if it meant a status. */
export type WaitingPreview = {
  /** At most 10,000 are looked at. */
  calls: number;
  /** Those that name no conversion of their advertiser. */
  unknown: number;
  /** Those that came after the window of their lead, as it is now. */
  late: number;
};

const PREVIEW = `
  select count(*) as calls, count(*) filter (where c.conversion_id is null) as unknown,
    count(*) filter (where coalesce(s.event_at, s.at) > l.last_activity_at + :windowMs * interval '1 millisecond') as late
  from (
    select advertiser_id, conversion_id, at, event_at from status_calls
    where result = 'unknown_word' and advertiser_id = :advertiserId and word collate "C" = :word
    order by call_id limit 10000
  ) s
  left join conversions c on c.conversion_id = s.conversion_id and c.advertiser_id = s.advertiser_id
  left join leads l on l.lead_id = c.lead_id`;

/** Looks at the calls that wait for one word of an advertiser. */
export async function previewWaitingCalls(
  db: Knex,
  asked: { advertiserId: string; word: string; windowMs: number },
): Promise<WaitingPreview> {
  const { rows } = await db.raw<{ rows: [WaitingPreview] }>(PREVIEW, asked);
  return rows[0];
}
