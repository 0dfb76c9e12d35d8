import { mkdir, realpath } from 'node:fs/promises';
import { StartupError } from '../../errors.ts';
import { lockDataDir } from './data-dir-lock.ts';
import { folderError } from './folder-error.ts';
import { readOrMakeKeys, type KeptKeys } from './kept-keys.ts';
import { startPostgresServer, type PostgresServer } from './postgres-server.ts';
import { supervise, type Supervised } from './supervise.ts';
import { findTemporalBinary, type TemporalBinary } from './temporal-binary.ts';
import { startTemporalServer, type TemporalServer } from './temporal-server.ts';

// Root's Postgres runs as a user of its own, which has to pass through.
const FOLDER_MODE = process.getuid?.() === 0 ? 0o711 : 0o700;

export type StackOptions = {
  dataDir: string;
  /** Which servers to start; leave out those that run elsewhere. */
  postgres: boolean;
  temporal: boolean;
  postgresPort: number;
  temporalPort: number;
  temporalUiPort: number;
  temporalNamespace?: string;
  env: NodeJS.ProcessEnv;
  onProgress: (line: string) => void;
  /** A server that ended although nobody asked it to cannot be kept running; the message is for people. */
  onExit: (message: string) => void;
};

export type EmbeddedStack = {
  databaseUrl: string | undefined;
  temporalAddress: string | undefined;
  temporalUiUrl: string | undefined;
  adminApiKey: string;
  leadSecret: string;
  stop(): Promise<void>;
};

/** Starts what `npm start` needs and the machine does not have, all of it with files under `dataDir`. */
export async function startStack(options: StackOptions): Promise<EmbeddedStack> {
  const { dataDir, keys, unlock } = await openDataDir(options.dataDir);
  try {
    const { postgres, temporal } = await startServers({ ...options, dataDir });
    let stopping: Promise<void> | undefined;
    return {
      databaseUrl: postgres?.first.url,
      temporalAddress: temporal?.first.address,
      temporalUiUrl: temporal?.first.uiUrl,
      ...keys,
      stop: () => (stopping ??= stopServers(postgres, temporal).finally(unlock)),
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function openDataDir(path: string): Promise<{ dataDir: string; keys: KeptKeys; unlock: () => Promise<void> }> {
  try {
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
    const dataDir = await realpath(path);
    const unlock = await lockDataDir(dataDir);
    const keys = await readOrMakeKeys(dataDir).catch(async (error: unknown) => {
      await unlock();
      throw error;
    });
    return { dataDir, keys, unlock };
  } catch (error) {
    throw error instanceof StartupError ? error : folderError(path, error);
  }
}

type Servers = { postgres: Supervised<PostgresServer> | undefined; temporal: Supervised<TemporalServer> | undefined };

async function startServers(options: StackOptions): Promise<Servers> {
  // Getting the binary can take minutes the first time: until it is there nothing runs that an impatient Ctrl-C leaves behind.
  const { env, onProgress } = options;
  const binary = options.temporal ? await findTemporalBinary({ env, onProgress }) : undefined;
  if (binary) onProgress(`Temporal server ${binary.serverVersion}: ${binary.path} (${binary.source})`);
  const [postgres, temporal] = await Promise.allSettled([
    options.postgres ? startPostgres(options) : undefined,
    binary ? startTemporal(options, binary) : undefined,
  ]);
  if (postgres.status === 'fulfilled' && temporal.status === 'fulfilled') {
    return { postgres: postgres.value, temporal: temporal.value };
  }
  await stopServers(
    postgres.status === 'fulfilled' ? postgres.value : undefined,
    temporal.status === 'fulfilled' ? temporal.value : undefined,
  );
  throw firstReason([postgres, temporal]);
}

function startPostgres(options: StackOptions): Promise<Supervised<PostgresServer>> {
  const { dataDir, postgresPort, onProgress } = options;
  return supervise({
    name: 'Postgres',
    start: (former, onExit) => startPostgresServer({ dataDir, port: former?.port ?? postgresPort, onExit, onProgress }),
    onProgress,
    onGivingUp: options.onExit,
  });
}

function startTemporal(options: StackOptions, binary: TemporalBinary): Promise<Supervised<TemporalServer>> {
  const { dataDir, temporalPort, temporalUiPort, temporalNamespace: namespace, onProgress } = options;
  return supervise({
    name: 'Temporal',
    start: (former, onExit) => {
      const { port, uiPort } = former ?? { port: temporalPort, uiPort: temporalUiPort };
      return startTemporalServer({ binary, dataDir, port, uiPort, namespace, onExit, onProgress });
    },
    onProgress,
    onGivingUp: options.onExit,
  });
}

/** Temporal first: nothing that it starts at the last moment finds Postgres gone. */
async function stopServers(postgres: Servers['postgres'], temporal: Servers['temporal']): Promise<void> {
  try {
    await temporal?.stop();
  } finally {
    await postgres?.stop();
  }
}

function firstReason(results: PromiseSettledResult<unknown>[]): unknown {
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  return reasons.find((reason) => reason instanceof StartupError) ?? reasons[0];
}
