import type { Knex } from 'knex';
import type { RawStatusCall } from '../../domain/status-call.ts';
import type { StatusReport, StatusResult } from '../../domain/status-report.ts';

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
