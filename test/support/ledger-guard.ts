import type { Knex } from 'knex';

/** Does what the ledger refuses everybody, such as forgetting its lines. No trigger of any table runs meanwhile. */
export async function withoutLedgerGuard<T>(db: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  return await db.transaction(async (trx) => {
    await trx.raw('set local session_replication_role = replica');
    return await work(trx);
  });
}
