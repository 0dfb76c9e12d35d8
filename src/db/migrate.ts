import type { Knex } from 'knex';
import * as leadFacts from './migrations/001-lead-facts.ts';

const migrations: Record<string, { up(db: Knex): Promise<void>; down(db: Knex): Promise<void> }> = {
  '001-lead-facts': leadFacts,
};

const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: () => Promise.resolve(Object.keys(migrations)),
  getMigrationName: (name) => name,
  getMigration: (name) => {
    const migration = migrations[name];
    return migration ? Promise.resolve(migration) : Promise.reject(new Error(`There is no migration ${name}.`));
  },
};

/** Brings the schema up to date; several processes may do so at once. @returns the names of what was applied */
export async function migrate(db: Knex): Promise<string[]> {
  const [, applied] = (await db.migrate.latest({ migrationSource })) as [number, string[]];
  return applied;
}

/** Takes the last batch of migrations back. */
export async function rollBack(db: Knex): Promise<void> {
  await db.migrate.rollback({ migrationSource });
}

export async function hasPendingMigrations(db: Knex): Promise<boolean> {
  const [, pending] = (await db.migrate.list({ migrationSource })) as [unknown[], unknown[]];
  return pending.length > 0;
}
