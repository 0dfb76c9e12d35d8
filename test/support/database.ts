import type { Knex } from 'knex';
import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { eventually } from './eventually.ts';
import { testPostgres } from './servers.ts';

export type TestDatabase = { db: Knex; url: string };

// Far longer than in production: how busy the machine is decides about no test. One that is about such a limit connects by
// itself.
const STATEMENT_TIMEOUT_MS = 60_000;
const POOL_SIZE = 10;

let migrated: Promise<string> | undefined;

/** A migrated database of the test's own on the shared Postgres. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { createDatabase } = await testPostgres();
  // Copying a migrated database takes a tenth of migrating an empty one.
  const url = await createDatabase(await (migrated ??= createMigratedDatabase()));
  return { db: connect(url), url };
}

/** @returns its name */
async function createMigratedDatabase(): Promise<string> {
  const { createTemplate } = await testPostgres();
  const url = await createTemplate();
  const db = connect(url);
  await migrate(db);
  // Postgres copies no database that somebody is connected to.
  await db.destroy();
  return new URL(url).pathname.slice(1);
}

function connect(url: string): Knex {
  return connectDb({ url, poolSize: POOL_SIZE, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
}

/** Counts the transactions of this database that wait for what another one has locked. */
export async function countLocked(db: Knex): Promise<number> {
  const { rows } = await db.raw<{ rows: [{ count: number }] }>(
    `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows[0].count;
}

/** Makes a database refuse all connections, old and new, until it is ended; then `db` has none left that is dead. */
export async function startOutage(db: Knex): Promise<{ end(): Promise<void> }> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>('select current_database() as name');
  const name = rows[0]?.name ?? '';
  const { adminUrl } = await testPostgres();
  const admin = connectDb({ url: adminUrl, poolSize: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  await admin.raw('alter database ?? allow_connections false', [name]);
  await admin.raw('select pg_terminate_backend(pid) from pg_stat_activity where datname = ?', [name]);
  return {
    async end() {
      await admin.raw('alter database ?? allow_connections true', [name]);
      await admin.destroy();
      // A pool learns only by using them that its idle connections have died.
      await eventually(() => Promise.all(Array.from({ length: POOL_SIZE }, () => db.raw('select 1'))));
    },
  };
}
