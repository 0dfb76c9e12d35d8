import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Settings } from '../config.ts';
import { checkDb, connectDb, connectForMigration } from '../db/connect.ts';
import { hasPendingMigrations, migrate } from '../db/migrate.ts';
import { isLoginRefused } from '../db/sqlstate.ts';
import { StartupError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createMetrics } from '../metrics.ts';
import { startTelemetry } from '../temporal/telemetry.ts';
import { startApiRole } from './api.ts';
import { startOps } from './ops.ts';
import { startRelayRole } from './relay.ts';
import type { RoleDeps, RunningRole } from './role.ts';
import { startWorkerRole } from './worker.ts';

export type Program = {
  /** Null in a process without the role api. */
  publicUrl: string | null;
  opsUrl: string;
  /** Takes nothing new, finishes what is under way, and ends when what was acknowledged has been stored. */
  stop(): Promise<void>;
};

const RETRY_MS = 1000;

/** Starts the roles of one process. Their parts are stopped in the reverse order of starting. */
export async function startProgram(settings: Settings, log: Log, stopAsked: AbortSignal): Promise<Program> {
  const has = (role: Settings['config']['roles'][number]) => settings.config.roles.includes(role);
  const parts: { stop(): Promise<unknown> }[] = [];
  const stopLater = <Part extends { stop(): Promise<unknown> }>(part: Part): Part => {
    parts.push(part);
    return part;
  };
  const stop = async () => {
    for (const part of parts.splice(0).reverse()) await part.stop();
  };
  try {
    const telemetry = has('worker') ? await startTelemetry(log) : null;
    const db = connectDb({ ...settings.config.database, url: settings.databaseUrl });
    stopLater({ stop: () => db.destroy() });
    await prepareSchema(db, settings.databaseUrl, { mayMigrate: has('migrate'), log, stopAsked });

    const deps: RoleDeps = { settings, db, metrics: createMetrics(), log };
    const roles: RunningRole[] = [];
    if (has('worker')) roles.push(stopLater(await startWorkerRole(deps)));
    if (has('relay')) roles.push(stopLater(startRelayRole(deps)));
    const api = has('api') ? stopLater(await startApiRole(deps)) : null;
    if (api) roles.push(api);
    const ops = stopLater(await startOps(deps, { roles, api, telemetry }));
    return { publicUrl: api?.publicUrl ?? null, opsUrl: ops.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Brings the schema up to date, then lets go of the database. */
export async function migrateOnly({ config, databaseUrl }: Settings, log: Log, stopAsked: AbortSignal): Promise<void> {
  const db = connectDb({ ...config.database, url: databaseUrl });
  try {
    await prepareSchema(db, databaseUrl, { mayMigrate: true, log, stopAsked });
  } finally {
    await db.destroy();
  }
}

type Preparation = { mayMigrate: boolean; log: Log; stopAsked: AbortSignal };

async function prepareSchema(
  db: Knex,
  databaseUrl: string,
  { mayMigrate, log, stopAsked }: Preparation,
): Promise<void> {
  await waitForDatabase(db, log, stopAsked);
  // Even to look is to wait for whoever is migrating.
  const patientDb = connectForMigration(databaseUrl);
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
  for (;;) {
    try {
      await checkDb(db);
      return;
    } catch (error) {
      if (isLoginRefused(error)) throw error;
      if (stopAsked.aborted) throw new StartupError('Stopped before the database answered.', { cause: error });
      log.warn({ err: error }, 'The database does not answer; trying again. Check DATABASE_URL if this goes on.');
      await delay(RETRY_MS, undefined, { signal: stopAsked }).catch(() => undefined);
    }
  }
}
