import type { Knex } from 'knex';
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { testPostgres } from './servers.ts';

export type TestDatabase = { db: Knex; url: string };

/** A migrated database of the test's own on the shared Postgres. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { createDatabase } = await testPostgres();
  const url = await createDatabase();
  const db = connectDb({ url, poolSize: 10, statementTimeoutMs: 5000 });
  await migrate(db);
  return { db, url };
}

/** Makes a database refuse all connections, old and new, until it is ended. */
export async function startOutage(db: Knex): Promise<{ end(): Promise<void> }> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>('select current_database() as name');
  const name = rows[0]?.name ?? '';
  const { adminUrl } = await testPostgres();
  const admin = connectDb({ url: adminUrl, poolSize: 1, statementTimeoutMs: 5000 });
  await admin.raw('alter database ?? allow_connections false', [name]);
  await admin.raw('select pg_terminate_backend(pid) from pg_stat_activity where datname = ?', [name]);
  return {
    async end() {
      await admin.raw('alter database ?? allow_connections true', [name]);
      await admin.destroy();
    },
  };
}
