import type { Knex } from 'knex';
import type { StatusResult } from '../../domain/status-report.ts';

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

/** An advertiser's call as it was kept, and what became of it. */
export type StatusCallRow = {
  call_id: number;
  advertiser_id: string;
  at: string;
  conversion_id: string | null;
  /** What the caller sent, except the token. */
  raw: unknown;
  result: (typeof statusCallResults)[number];
  lead_id: string | null;
  /** Of the event that it became; null when it became none. */
  seq: number | null;
  accepted_at: string | null;
};

export const STATUS_CALL_COLUMNS = [
  'call_id',
  'advertiser_id',
  'at',
  'conversion_id',
  'raw',
  'result',
  'lead_id',
  'seq',
  'accepted_at',
] as const satisfies (keyof StatusCallRow)[];

/** Kept calls of advertisers, by `result` if one is named; the ids after `after`, in their order. */
export async function listStatusCalls(
  db: Knex,
  { result, after, limit }: { result?: string | undefined; after?: number | undefined; limit: number },
): Promise<StatusCallRow[]> {
  const query = db('status_calls').select<StatusCallRow[]>(STATUS_CALL_COLUMNS).orderBy('call_id').limit(limit);
  if (result !== undefined) void query.where({ result });
  if (after !== undefined) void query.where('call_id', '>', after);
  return await query;
}
