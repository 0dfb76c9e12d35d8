import type { Knex } from 'knex';

/** Reads everything as it was at one moment. */
export async function inOneSnapshot<T>(db: Knex, read: (trx: Knex) => Promise<T>): Promise<T> {
  return await db.transaction(read, { isolationLevel: 'repeatable read', readOnly: true });
}
