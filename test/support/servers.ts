import { randomBytes, randomInt } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgresServer, type PostgresServer } from '../../src/dev/embedded/postgres-server.ts';
import { listenOnce } from '../../src/free-port.ts';
import { findTemporalBinary } from '../../src/dev/embedded/temporal-binary.ts';
import { startTemporalServer, type TemporalServer } from '../../src/dev/embedded/temporal-server.ts';

export type TestPostgres = {
  /** Connects as superuser to the database that `createDatabase` never returns. */
  adminUrl: string;
  /**
   * Makes a database, empty or a copy of the one with that name, which nobody may be using then. It lasts until the
   * end of the test file.
   * @returns its url
   */
  createDatabase: (template?: string) => Promise<string>;
  /** Like {@link createDatabase}, for one that lasts until the end of the run. */
  createTemplate: () => Promise<string>;
};

/** Where a private server keeps its files; give it (and the port) to the next start to go on with them. */
export type PrivateServer<T> = T & { dir: string };

// Where the processes of one test run find the folder that its main process made.
const RUN_FOLDER = 'CASHCAT_TEST_RUN_FOLDER';

// Below those that programs and the system choose by themselves.
const OWN_PORTS = { from: 10_000, to: 20_000 };
const PORT_TRIES = 100;

let ownFolder: string | undefined;
const pids = new Map<number, NodeJS.Signals>();
let postgres: Promise<PostgresServer> | undefined;
let temporal: Promise<TemporalServer> | undefined;
const databasesOfFile: string[] = [];

/** The Postgres that all test files of a process share, started by the first who asks. */
export async function testPostgres(): Promise<TestPostgres> {
  // Its files do not outlive the run, so it need not wait for the disk; a private one does, as in production.
  postgres ??= startPrivatePostgres({ settings: { fsync: 'off', full_page_writes: 'off' } });
  const { url } = await postgres;
  return {
    adminUrl: url,
    async createDatabase(template) {
      const created = await createDatabase(url, template);
      databasesOfFile.push(created);
      return created;
    },
    createTemplate: () => createDatabase(url),
  };
}

/**
 * Deletes what the tests of a file have made in the shared Postgres. Hundreds of databases would otherwise be written
 * to the disk in the background, and servers that do wait for the disk would wait behind them.
 */
export async function dropDatabasesOfFile(): Promise<void> {
  if (postgres === undefined) return;
  const client = new pg.Client({ connectionString: (await postgres).url });
  await client.connect();
  try {
    for (const url of databasesOfFile.splice(0)) {
      const name = new URL(url).pathname.slice(1);
      await client.query(`drop database if exists ${client.escapeIdentifier(name)} with (force)`);
    }
  } finally {
    await client.end();
  }
}

/** The Temporal server that all test files of a process share, started by the first who asks. */
export async function testTemporal(): Promise<{ address: string }> {
  temporal ??= startPrivateTemporal();
  const { address } = await temporal;
  return { address };
}

/** A Postgres of the test's own, to be killed and restarted at will. It is stopped at the end of the run at the latest. */
export async function startPrivatePostgres({
  port,
  dir = temporaryFolder(),
  settings,
}: { port?: number; dir?: string; settings?: Record<string, string> } = {}): Promise<PrivateServer<PostgresServer>> {
  const server = await startPostgresServer({ dataDir: dir, port: port ?? (await reservePort()), settings });
  // Postgres answers SIGQUIT by giving up at once and taking its children along.
  return tracked(server, dir, 'SIGQUIT');
}

/** A Temporal server of the test's own, to be killed and restarted at will. It is stopped at the end of the run at the latest. */
export async function startPrivateTemporal({
  port,
  dir = temporaryFolder(),
  dynamicConfig,
}: { port?: number; dir?: string; dynamicConfig?: Record<string, string> } = {}): Promise<
  PrivateServer<TemporalServer>
> {
  const binary = await findTemporalBinary({
    env: process.env,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  });
  const claimed = port ?? (await reservePort());
  const server = await startTemporalServer({ binary, dataDir: dir, port: claimed, uiPort: null, dynamicConfig });
  return tracked(server, dir, 'SIGKILL');
}

/**
 * A port of the loopback that no other test of this run is given, so that a server which is away for a while finds it free
 * when it comes back.
 */
export async function reservePort(): Promise<number> {
  for (let tries = 0; tries < PORT_TRIES; tries++) {
    const port = randomInt(OWN_PORTS.from, OWN_PORTS.to);
    if (!isNew(join(runFolder(), `port-${port}`))) continue;
    const isFree = await listenOnce(port).then(
      () => true,
      () => false,
    );
    if (isFree) return port;
  }
  throw new Error(`No free port was found between ${OWN_PORTS.from} and ${OWN_PORTS.to}.`);
}

/** Makes a file unless it is there, which one process alone can. */
function isNew(file: string): boolean {
  try {
    writeFileSync(file, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** A folder that is deleted at the end of the run and that user postgres can reach when the tests run as root. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(runFolder(), 'part-'));
  chmodSync(folder, 0o755);
  return folder;
}

/**
 * The folder that holds all others of this run. The first process that asks makes it, hands it on to those that it
 * starts, and deletes it: a process among them that has been ended in a hurry leaves nothing behind.
 */
export function runFolder(): string {
  cleanUpWhateverHappens();
  const given = process.env[RUN_FOLDER];
  if (given !== undefined) return given;
  ownFolder = mkdtempSync(join(tmpdir(), 'cashcat-test-'));
  chmodSync(ownFolder, 0o755);
  return (process.env[RUN_FOLDER] = ownFolder);
}

/** Has the process stopped, at the latest, when the test run ends; call what is returned when it has ended by then. */
export function stopAtEnd(pid: number, signal: NodeJS.Signals): () => void {
  cleanUpWhateverHappens();
  pids.set(pid, signal);
  return () => pids.delete(pid);
}

/** Ends every server of this process, and deletes their files when it is the one that began the run. */
export async function stopTestServers(): Promise<void> {
  const [startedPostgres, startedTemporal] = await Promise.all([postgres, temporal]);
  // Nobody needs the files any more, so Temporal need not take its second to finish.
  await Promise.all([startedPostgres?.stop(), startedTemporal?.kill('SIGKILL')]);
  postgres = temporal = undefined;
  endEverything();
}

async function createDatabase(adminUrl: string, template = 'template1'): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    // Cloning files is three times as fast as copying them; where the system cannot, they are copied.
    await client.query('set file_copy_method = clone').catch(() => undefined);
    await client.query(
      `create database ${client.escapeIdentifier(name)} template ${client.escapeIdentifier(template)} strategy file_copy`,
    );
  } finally {
    await client.end();
  }
  return Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href;
}

function tracked<T extends PostgresServer | TemporalServer>(
  server: T,
  dir: string,
  signal: NodeJS.Signals,
): PrivateServer<T> {
  const forget = stopAtEnd(server.pid, signal);
  return Object.assign({ dir }, server, {
    stop: () => server.stop().finally(forget),
    kill: (killSignal: NodeJS.Signals) => server.kill(killSignal).finally(forget),
  });
}

let isCleaningUp = false;

/** The servers are detached from the terminal, so a run that crashes or is interrupted has to end them itself. */
function cleanUpWhateverHappens(): void {
  if (isCleaningUp) return;
  isCleaningUp = true;
  process.once('exit', endEverything);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
}

function endEverything(): void {
  for (const [pid, signal] of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
  pids.clear();
  if (ownFolder === undefined) return;
  rmSync(ownFolder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  ownFolder = undefined;
  delete process.env[RUN_FOLDER];
}
