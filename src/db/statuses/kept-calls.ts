import type { Knex } from 'knex';
import type { RawStatusCall } from '../../domain/status-call.ts';

/** A kept call as it is judged again. */
export type KeptStatusCall = {
  advertiserId: string;
  conversionId: string | null;
  /** What became of it, such as `recorded` or `window_closed`. */
  result: string;
  raw: RawStatusCall;
};

/** Locks a kept call for the rest of the transaction. @returns undefined when there is no such call */
export async function lockStatusCall(db: Knex, callId: number): Promise<KeptStatusCall | undefined> {
  return await db('status_calls')
    .where({ call_id: callId })
    .forUpdate()
    .select({ advertiserId: 'advertiser_id', conversionId: 'conversion_id' }, 'result', 'raw')
    .first<KeptStatusCall | undefined>();
}
