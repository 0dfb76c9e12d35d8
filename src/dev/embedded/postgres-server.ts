import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { StartupError } from '../../errors.ts';
import { claimPort } from './ports.ts';
import {
  ensureExecutable,
  findOrCopyBinaries,
  findOrMakeServerUser,
  findPostgresBinaries,
  type PostgresBinaries,
} from './postgres-binaries.ts';
import { preparePostgresHome, SUPERUSER, type PostgresHome } from './postgres-home.ts';
import { commandLineOf } from './process-identity.ts';
import {
  START_TIMEOUT_MS,
  startServerProcess,
  stopLeftover,
  waitUntilReady,
  type ServerProcess,
} from './server-process.ts';

const RETRY_MS = 100;
const DATABASE = 'cashcat';
// Where the files of a machine belong when root runs a service; used only when Postgres cannot reach the checkout.
const SYSTEM_DIR = '/var/lib/cashcat';

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  shared_buffers: '256MB',
  max_connections: '100',
  max_wal_size: '2GB',
  wal_compression: 'on',
  checkpoint_timeout: '15min',
  log_checkpoints: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

export type PostgresOptions = {
  dataDir: string;
  /** 0 = any free port */
  port: number;
  /** Called when Postgres ends without having been asked to. */
  onExit?: (message: string) => void;
  onProgress?: (line: string) => void;
  /** Postgres settings, added to ours or in place of them. */
  settings?: Record<string, string>;
  /** Where root keeps what user postgres cannot reach in the data folder or the checkout; given only by tests. */
  systemDir?: string;
};

export type PostgresServer = {
  url: string;
  port: number;
  pid: number;
  /** Fast shutdown: open transactions are rolled back, committed ones are kept. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
};

/** Starts the embedded Postgres on files under `dataDir`, with a database made ready for migrations. */
export async function startPostgresServer(options: PostgresOptions): Promise<PostgresServer> {
  const { dataDir, systemDir = SYSTEM_DIR, onProgress = () => {}, onExit = () => {} } = options;
  const serverUser = findOrMakeServerUser();
  const installed = findPostgresBinaries();
  ensureExecutable(installed);
  const binaries = await findOrCopyBinaries(installed, serverUser, systemDir);
  const home = await preparePostgresHome({ dataDir, systemDir, onProgress }, binaries, serverUser);
  await stopLeftoverPostgres(home);
  const port = await claimPort(options.port, { what: 'Postgres', variable: 'POSTGRES_PORT' });
  const server = await startOn(home, binaries, { port, settings: { ...SETTINGS, ...options.settings } });
  const url = `postgres://${SUPERUSER}:${home.password}@127.0.0.1:${port}`;
  await createDatabase(`${url}/postgres`).catch(async (cause: unknown) => {
    await server.end('SIGINT');
    throw unusable(home, cause);
  });
  server.watch(onExit);
  return {
    url: `${url}/${DATABASE}`,
    port,
    pid: server.pid,
    stop: () => server.end('SIGINT'),
    kill: (signal) => server.end(signal),
  };
}

function unusable({ folder }: PostgresHome, cause: unknown): StartupError {
  return new StartupError(`The embedded Postgres in ${folder} runs but cannot be used: ${String(cause)}`, { cause });
}

async function stopLeftoverPostgres(home: PostgresHome): Promise<void> {
  const pidFile = join(home.data, 'postmaster.pid');
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  if (await stopLeftover(pid, ['postgres', home.data], 'SIGINT')) return;
  // A stranger that got the number of a killed Postgres would keep the next one from starting. In every other case the
  // file stays: it is how Postgres makes sure that two servers never write to the same data.
  const stranger = commandLineOf(pid);
  if (stranger !== '' && !stranger.includes('postgres')) await rm(pidFile, { force: true });
}

type Start = { port: number; settings: Record<string, string> };

async function startOn(home: PostgresHome, binaries: PostgresBinaries, start: Start): Promise<ServerProcess> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const server = await startProcessOn(home, binaries, start);
    try {
      await waitUntilReady(server, () => isReady(home, server.pid));
      return server;
    } catch (cause) {
      await server.end('SIGINT');
      // After SIGKILL of the main process its children need a moment to notice; until then they hold the data.
      const areChildrenLeft = server.log().includes('pre-existing shared memory block');
      if (!areChildrenLeft || Date.now() > deadline) {
        throw new StartupError(`Postgres did not start: ${String(cause)} (${home.log})`, { cause });
      }
      await delay(RETRY_MS);
    }
  }
}

async function startProcessOn(
  home: PostgresHome,
  binaries: PostgresBinaries,
  { port, settings }: Start,
): Promise<ServerProcess> {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return await startServerProcess({
    name: 'Postgres',
    command: binaries.postgres,
    args: ['-D', home.data, '-p', String(port), ...flags],
    cwd: home.folder,
    env: { LC_ALL: 'C' },
    logFile: home.log,
    user: home.user,
  });
}

/** Postgres itself notes its state in the eighth line of its pid file. */
async function isReady(home: PostgresHome, pid: number): Promise<boolean> {
  const lines = (await readFile(join(home.data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}
