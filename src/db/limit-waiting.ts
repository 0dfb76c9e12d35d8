import type { Knex } from 'knex';

/** From now on the transaction waits so long for what somebody else has locked, and then fails. */
export async function limitWaiting(trx: Knex, waitMs: number): Promise<void> {
  await trx.raw(`select set_config('lock_timeout', :waitMs, true)`, { waitMs: String(waitMs) });
}
