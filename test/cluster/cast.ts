import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '../../src/config.ts';
import type { PostgresServer } from '../../src/dev/embedded/postgres-server.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivatePostgres } from '../support/servers.ts';
import type { ClusterBinaries } from './binaries.ts';
import type { Trial } from './folder.ts';
import type { Journal } from './journal.ts';
import { keepRunning, type KeptProcess } from './kept-process.ts';
import { WINDOW_SECONDS } from './network.ts';
import { addressOf, startClusterServer } from './temporal-server.ts';

type CastOptions = { folder: string; trial: Trial; journal: Journal };

const OF_EACH_ROLE = 2;
const POSTGRES_SETTINGS = { max_connections: '300' };
// Short, so that a trial sees many attempts and repaired outages.
const PROGRAM_SETTINGS = {
  POSTBACK_INTERVAL_SECONDS: '2',
  POSTBACK_TIMEOUT_SECONDS: '3',
  RELAY_LEASE_SECONDS: '6',
  SWEEP_INTERVAL_SECONDS: '10',
  SWEEP_MARGIN_SECONDS: '60',
  // Ten processes and more share this machine: a worker that takes many steps of leads at a time would do each too late.
  WORKER_CONCURRENT_WORKFLOW_TASKS: '6',
  LEAD_WINDOW_SECONDS: String(WINDOW_SECONDS),
};

/** One Postgres for everything: Temporal's two databases and our own. */
export async function keepPostgres({ folder, trial, journal }: CastOptions): Promise<KeptProcess<PostgresServer>> {
  const { postgres: port } = trial.ports;
  const start = () => startPrivatePostgres({ dir: folder, port, settings: POSTGRES_SETTINGS });
  return await keepRunning({ name: 'postgres', folder, journal, start });
}

/** Servers of one cluster, each with all of Temporal's services; one after the other, because the first founds the cluster. */
export async function keepTemporal(
  { folder, trial, journal }: CastOptions,
  binaries: ClusterBinaries,
  postgresUrl: string,
): Promise<KeptProcess[]> {
  const kept: KeptProcess[] = [];
  for (const [index, ports] of trial.ports.temporal.entries()) {
    const name = `temporal-${index + 1}`;
    const start = () => startClusterServer(name, ports, { binaries, folder, postgresUrl });
    kept.push(await keepRunning({ name, folder, journal, start }));
  }
  return kept;
}

/** The program, each role in processes of its own; half of them know only one of the Temporal servers, half the other. */
export async function keepPrograms(options: CastOptions, databaseUrl: string): Promise<KeptProcess<RunningProgram>[]> {
  const roles: Role[] = ['api', 'relay', 'worker'];
  const kept = roles.flatMap((role) =>
    Array.from({ length: OF_EACH_ROLE }, (_, index) => keepProgram(options, { role, index, databaseUrl })),
  );
  return await Promise.all(kept);
}

function keepProgram(
  { folder, trial, journal }: CastOptions,
  { role, index, databaseUrl }: { role: Role; index: number; databaseUrl: string },
): Promise<KeptProcess<RunningProgram>> {
  const name = `${role}-${index + 1}`;
  const ports = trial.ports.temporal[index % trial.ports.temporal.length];
  if (!ports) throw new Error('A trial needs a Temporal server.');
  const start = async () => {
    const program = await startProcess({
      roles: [role],
      databaseUrl,
      temporalAddress: addressOf(ports),
      env: PROGRAM_SETTINGS,
    });
    void program.exited.then(() => {
      appendFileSync(join(folder, 'logs', `${name}.log`), `${program.logs().join('\n')}\n`);
    });
    return program;
  };
  return keepRunning({ name, folder, journal, start });
}
