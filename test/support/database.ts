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
