import type { Knex } from 'knex';
import type { Config } from '../config.ts';
import { checkDb, connectForMigration } from '../db/connect.ts';
import { hasPendingMigrations, migrate } from '../db/migrate.ts';
import { isConnectionLost, isLockHeld, isLoginRefused } from '../db/sqlstate.ts';
import { StartupError } from '../errors.ts';
import { keepTrying } from '../keep-trying.ts';
import type { Log } from '../log.ts';

const RETRY_MS = 1000;
// Each trial of a migration may stop clicks for a moment.
const LONGEST_PAUSE_MS = 10_000;

const LOCK_HELD =
  'Migrations would change a table that somebody else is using for long, such as a report or a dump. All was taken back, so that ' +
  'nobody waits behind them; trying again. End what uses it if this goes on: see docs/operations.md, "Upgrade".';

/**
 * Waits for the database, then brings its schema up to date where this process may do so.
 *
 * @throws StartupError when the schema is not up to date and stays so, or when the process is to stop meanwhile
 */
export async function prepareSchema(
  db: Knex,
  { database, roles }: Pick<Config, 'database' | 'roles'>,
  { log, stopAsked }: { log: Log; stopAsked: AbortSignal },
): Promise<void> {
  const bringUp = async () => {
    await waitForDatabase(db, log, stopAsked);
    await bringUpToDate(database.url, { mayMigrate: roles.includes('migrate'), log });
    return 'up to date' as const;
  };
  const outcome = await keepTrying(bringUp, {
    signal: stopAsked,
    firstPauseMs: RETRY_MS,
    longestPauseMs: LONGEST_PAUSE_MS,
    onFailure(err) {
      if (isLockHeld(err)) return log.warn({ err }, LOCK_HELD);
      // Somebody may have cancelled a migration on purpose, or the disk is full: then it must not begin again.
      if (!isConnectionLost(err) || isLoginRefused(err)) throw err;
      log.warn({ err }, 'The database went away while its schema was looked at; trying again.');
    },
  });
  if (outcome === undefined) throw new StartupError('Stopped before the schema was looked at.');
}

/** Waits while another process migrates, which may take longer than the roles allow a statement. */
async function bringUpToDate(url: string, { mayMigrate, log }: { mayMigrate: boolean; log: Log }): Promise<void> {
  const patientDb = connectForMigration(url);
  try {
    if (mayMigrate) {
      const applied = await migrate(patientDb);
      log.info({ applied }, 'The schema is up to date.');
    } else if (await hasPendingMigrations(patientDb)) {
      throw new StartupError('The database lacks migrations: run `npm run migrate` once, then start the roles.');
    }
  } finally {
    await patientDb.destroy();
  }
}

/** A process that starts before its database waits for it, unless the database refuses it. */
async function waitForDatabase(db: Knex, log: Log, stopAsked: AbortSignal): Promise<void> {
  const check = async () => {
    await checkDb(db);
    return 'answered' as const;
  };
  const outcome = await keepTrying(check, {
    signal: stopAsked,
    firstPauseMs: RETRY_MS,
    longestPauseMs: RETRY_MS,
    onFailure(err) {
      if (isLoginRefused(err)) throw err;
      log.warn({ err }, 'The database does not answer; trying again. Check DATABASE_URL if this goes on.');
    },
  });
  if (outcome === undefined) throw new StartupError('Stopped before the database answered.');
}
