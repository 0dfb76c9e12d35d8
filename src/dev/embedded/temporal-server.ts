import { chmod, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { StartupError } from '../../errors.ts';
import { claimPort, isListening } from './ports.ts';
import { startServerProcess, stopLeftover, waitUntilReady, type ServerProcess } from './server-process.ts';
import type { TemporalBinary } from './temporal-binary.ts';

// Ops look at leads long after they have ended; the development server would forget them after a day.
const RETENTION = '90 days';

const DYNAMIC_CONFIG = {
  // It would ask a server on the internet at each start.
  'frontend.enableServerVersionCheck': 'false',
  'system.enableActivityEagerExecution': 'true',
  'matching.numTaskqueueReadPartitions': '1',
  'matching.numTaskqueueWritePartitions': '1',
};

export type TemporalOptions = {
  binary: TemporalBinary;
  dataDir: string;
  /** 0 = any free port */
  port: number;
  /** 0 = any free port, null = no Web UI */
  uiPort: number | null;
  namespace?: string;
  dynamicConfig?: Record<string, string>;
  /** Called when Temporal ends without having been asked to. */
  onExit?: (message: string) => void;
  onProgress?: (line: string) => void;
};

export type TemporalServer = {
  address: string;
  port: number;
  uiPort: number | null;
  uiUrl: string | undefined;
  pid: number;
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
};

/** Starts Temporal's development server on a file under `dataDir`. */
export async function startTemporalServer(options: TemporalOptions): Promise<TemporalServer> {
  const dataDir = await realpath(options.dataDir);
  const file = await chooseFile(dataDir, options);
  await stopLeftoverTemporal(dataDir);
  await keepPrivate(dataDir);
  const port = await claimPort(options.port, { what: 'Temporal', variable: 'TEMPORAL_PORT' });
  const uiPort = await claimUiPort(options.uiPort);
  const server = await startOn(dataDir, { ...options, file, port, uiPort });
  server.watch(options.onExit ?? (() => undefined));
  return {
    address: `127.0.0.1:${port}`,
    port,
    uiPort,
    uiUrl: uiPort === null ? undefined : `http://127.0.0.1:${uiPort}`,
    pid: server.pid,
    async stop() {
      await server.end('SIGTERM');
      await rm(pidFileIn(dataDir), { force: true });
    },
    kill: (signal) => server.end(signal),
  };
}

async function claimUiPort(port: number | null): Promise<number | null> {
  return port === null ? null : await claimPort(port, { what: "Temporal's Web UI", variable: 'TEMPORAL_UI_PORT' });
}

type Start = Pick<TemporalOptions, 'binary' | 'namespace' | 'dynamicConfig' | 'uiPort'> & {
  file: string;
  port: number;
};

async function startOn(
  dataDir: string,
  { binary, file, port, uiPort, namespace = 'default', dynamicConfig }: Start,
): Promise<ServerProcess> {
  const server = await startServerProcess({
    name: 'Temporal',
    command: binary.path,
    args: flagsFor({ file, port, uiPort, namespace, dynamicConfig: { ...DYNAMIC_CONFIG, ...dynamicConfig } }),
    cwd: dataDir,
    env: {},
    logFile: join(dataDir, 'temporal.log'),
  });
  try {
    await writeFile(pidFileIn(dataDir), String(server.pid));
    await waitForNamespace(server, port, namespace);
    return server;
  } catch (cause) {
    await server.end('SIGTERM');
    throw new StartupError(`Temporal did not start: ${String(cause)}`, { cause });
  }
}

/** The file is not migrated from one server version to another, so each version has its own. */
async function chooseFile(dataDir: string, { binary, onProgress }: TemporalOptions): Promise<string> {
  const name = `temporal-${binary.serverVersion}.db`;
  const files = (await readdir(dataDir)).filter((file) => /^temporal-[\d.]+\.db$/.test(file));
  if (files.length > 0 && !files.includes(name)) {
    onProgress?.(
      `Temporal server ${binary.serverVersion} begins with an empty store: ${files.join(', ')} in ${dataDir} belongs to another version`,
    );
  }
  return join(dataDir, name);
}

/** A store from before new ones were made so. */
async function keepPrivate(dataDir: string): Promise<void> {
  const files = (await readdir(dataDir)).filter((file) => /^temporal-[\d.]+\.db(-\w+)?$/.test(file));
  await Promise.all(files.map((file) => chmod(join(dataDir, file), 0o600)));
}

function flagsFor(server: {
  file: string;
  port: number;
  uiPort: number | null;
  namespace: string;
  dynamicConfig: Record<string, string>;
}): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(server.port)],
    ...(server.uiPort === null ? ['--headless'] : ['--ui-port', String(server.uiPort)]),
    ...['--db-filename', server.file, '--namespace', server.namespace, '--log-level', 'error'],
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=full'],
    ...Object.entries(server.dynamicConfig).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
  ];
}

function pidFileIn(dataDir: string): string {
  return join(dataDir, 'temporal.pid');
}

async function stopLeftoverTemporal(dataDir: string): Promise<void> {
  const pid = Number(await readFile(pidFileIn(dataDir), 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 0) return;
  await stopLeftover(pid, ['start-dev', join(dataDir, 'temporal-')], 'SIGTERM');
}

async function waitForNamespace(server: ServerProcess, port: number, namespace: string): Promise<void> {
  // gRPC waits a second after a refused connection, so it is asked only when there is someone to answer.
  await waitUntilReady(server, () => isListening(port));
  const connection = await Connection.connect({ address: `127.0.0.1:${port}` });
  try {
    await waitUntilReady(server, () => hasNamespace(connection, namespace));
    await keepHistory(connection, namespace);
  } finally {
    await connection.close();
  }
}

async function hasNamespace(connection: Connection, namespace: string): Promise<boolean> {
  return connection.workflowService.describeNamespace({ namespace }).then(
    () => true,
    () => false,
  );
}

async function keepHistory(connection: Connection, namespace: string): Promise<void> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  const wanted = msToTs(RETENTION);
  if (config?.workflowExecutionRetentionTtl?.seconds?.toString() === wanted.seconds?.toString()) return;
  await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: wanted } });
}
