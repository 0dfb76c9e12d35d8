import type { Knex } from 'knex';

/**
 * Ends each statement of `work` that takes longer. A setting that is local to a transaction would outlive the savepoint that
 * made it: what comes after `work` has the time that it had before.
 */
export async function limitStatements<T>(
  db: Knex,
  withinMs: number,
  work: (trx: Knex.Transaction) => Promise<T>,
): Promise<T> {
  return await db.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: [{ before: string }] }>(
      `select current_setting('statement_timeout') as before`,
    );
    await limitTo(trx, String(withinMs));
    const result = await work(trx);
    await limitTo(trx, rows[0].before);
    return result;
  });
}

async function limitTo(trx: Knex, within: string): Promise<void> {
  await trx.raw(`select set_config('statement_timeout', :within, true)`, { within });
}

/** From now on the transaction waits so long for what somebody else has locked, and then fails. */
export async function limitWaiting(trx: Knex, lockWithinMs: number): Promise<void> {
  await trx.raw(`select set_config('lock_timeout', :lockWithinMs, true)`, { lockWithinMs: String(lockWithinMs) });
}
