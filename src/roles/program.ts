import { setTimeout as delay } from 'node:timers/promises';
import type { Config, Role } from '../config.ts';
import { connectDb } from '../db/connect.ts';
import type { Log } from '../log.ts';
import { createMetrics } from '../metrics.ts';
import { startTelemetry } from '../temporal/telemetry.ts';
import { startApiRole } from './api.ts';
import { startOps } from './ops.ts';
import { startRelayRole } from './relay.ts';
import type { RoleDeps, RunningRole } from './role.ts';
import { prepareSchema } from './schema.ts';
import { startWorkerRole } from './worker.ts';

export type Program = {
  /** Null in a process without the role api. */
  publicUrl: string | null;
  opsUrl: string;
  /** Has balancers send their requests elsewhere; resolves when they have had the time. Nothing stops working. */
  drain(): Promise<void>;
  /** Takes nothing new, finishes what is under way, and ends when what was acknowledged has been stored. */
  stop(): Promise<void>;
};

/** Starts the roles of one process. Its listeners are closed first, then its parts stop in the reverse order of starting. */
export async function startProgram(config: Config, log: Log, stopAsked: AbortSignal): Promise<Program> {
  const has = (role: Role) => config.roles.includes(role);
  const parts: { stop(): Promise<unknown> }[] = [];
  const stopLater = <Part extends { stop(): Promise<unknown> }>(part: Part): Part => {
    parts.push(part);
    return part;
  };
  const listeners: { close(): Promise<void> }[] = [];
  const stop = async () => {
    // Together, or one would take new requests while the other waits for its last ones. Both need what stops next.
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
    for (const part of parts.splice(0).reverse()) await part.stop();
  };
  try {
    const telemetry = has('worker') ? await startTelemetry(log) : null;
    const db = connectDb(config.database);
    stopLater({ stop: () => db.destroy() });
    await prepareSchema(db, config, { log, stopAsked });

    const deps: RoleDeps = { config, db, metrics: createMetrics(), log };
    const roles: RunningRole[] = [];
    if (has('worker')) roles.push(stopLater(await startWorkerRole(deps)));
    if (has('relay')) roles.push(stopLater(startRelayRole(deps)));
    const api = has('api') ? stopLater(await startApiRole(deps)) : null;
    if (api) {
      roles.push(api);
      listeners.push(api);
    }
    const ops = await startOps(deps, { roles, api, telemetry });
    listeners.push(ops);
    const drain = async () => {
      if (!api) return;
      for (const part of [api, ops]) part.drain();
      await delay(config.http.drainMs);
    };
    return { publicUrl: api?.publicUrl ?? null, opsUrl: ops.url, drain, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Brings the schema up to date, then lets go of the database. */
export async function migrateOnly(
  { database }: Pick<Config, 'database'>,
  log: Log,
  stopAsked: AbortSignal,
): Promise<void> {
  const db = connectDb(database);
  try {
    await prepareSchema(db, { database, roles: ['migrate'] }, { log, stopAsked });
  } finally {
    await db.destroy();
  }
}
