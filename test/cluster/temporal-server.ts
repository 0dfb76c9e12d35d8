import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { startServerProcess, waitUntilReady } from '../../src/dev/embedded/server-process.ts';
import { eventually } from '../support/eventually.ts';
import { stopAtEnd } from '../support/servers.ts';
import type { ClusterBinaries } from './binaries.ts';

/** Each service of a server has a port for calls and one by which the servers of a cluster find each other. */
export const TEMPORAL_PORTS = [
  'FRONTEND_GRPC_PORT',
  'FRONTEND_HTTP_PORT',
  'FRONTEND_MEMBERSHIP_PORT',
  'HISTORY_GRPC_PORT',
  'HISTORY_MEMBERSHIP_PORT',
  'MATCHING_GRPC_PORT',
  'MATCHING_MEMBERSHIP_PORT',
  'WORKER_GRPC_PORT',
  'WORKER_MEMBERSHIP_PORT',
] as const;

export type TemporalPorts = Record<(typeof TEMPORAL_PORTS)[number], number>;

/** `postgresUrl` leads to the server on which Temporal has databases of its own. */
export type ClusterOptions = { binaries: ClusterBinaries; folder: string; postgresUrl: string };

const START_TIMEOUT_MS = 120_000;
const NAMESPACE = 'default';
const STORES = { temporal: 'postgresql/v12/temporal', temporal_visibility: 'postgresql/v12/visibility' };
// Two servers share what a Postgres for development can give.
const MAX_CONNECTIONS = '10';
const DYNAMIC_CONFIG = `system.enableActivityEagerExecution:
  - value: true
frontend.enableServerVersionCheck:
  - value: false
`;

/** Makes Temporal's two databases and their tables. */
export async function createStores({ binaries, postgresUrl }: ClusterOptions): Promise<void> {
  const { hostname, port, username, password } = new URL(postgresUrl);
  const env = {
    ...{ SQL_PLUGIN: 'postgres12_pgx', SQL_HOST: hostname, SQL_PORT: port },
    ...{ SQL_USER: username, SQL_PASSWORD: password },
  };
  for (const [database, schema] of Object.entries(STORES)) {
    const run = (...args: string[]) => promisify(execFile)(binaries.sqlTool, ['--db', database, ...args], { env });
    await run('create-database');
    await run('setup-schema', '--version', '0.0');
    await run('update-schema', '--schema-name', schema);
  }
}

/** Starts one server of the cluster, with all services in one process; the others find it by what it writes into Postgres. */
export async function startClusterServer(name: string, ports: TemporalPorts, options: ClusterOptions) {
  const { binaries, folder } = options;
  const dynamicConfig = join(folder, 'dynamic-config.yaml');
  writeFileSync(dynamicConfig, DYNAMIC_CONFIG);
  const server = await startServerProcess({
    name,
    command: binaries.server,
    args: ['--allow-no-auth', 'start'],
    cwd: folder,
    env: { ...environmentOf(ports, options), DYNAMIC_CONFIG_FILE_PATH: dynamicConfig },
    logFile: join(folder, 'logs', `${name}.log`),
  });
  const forget = stopAtEnd(server.pid, 'SIGKILL');
  const end = (signal: NodeJS.Signals) => server.end(signal).finally(forget);
  const address = addressOf(ports);
  try {
    await waitUntilReady(server, () => canConnect(address), START_TIMEOUT_MS);
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
  const exited = new Promise<string>((resolve) => server.watch(resolve));
  return { pid: server.pid, address, exited, kill: end };
}

export function addressOf(ports: TemporalPorts): string {
  return `127.0.0.1:${ports.FRONTEND_GRPC_PORT}`;
}

/** Makes the namespace, and waits until the server knows it. */
export async function createNamespace(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    const { workflowService } = connection;
    const workflowExecutionRetentionPeriod = msToTs('90 days');
    await eventually(async () => {
      await workflowService.registerNamespace({ namespace: NAMESPACE, workflowExecutionRetentionPeriod });
    }, START_TIMEOUT_MS);
    await eventually(async () => {
      // A worker's first question; a namespace is known everywhere only after a moment.
      await workflowService.listOpenWorkflowExecutions({ namespace: NAMESPACE });
    }, START_TIMEOUT_MS);
  } finally {
    await connection.close();
  }
}

function environmentOf(ports: TemporalPorts, { postgresUrl }: ClusterOptions): NodeJS.ProcessEnv {
  const { hostname, port, username, password } = new URL(postgresUrl);
  return {
    ...Object.fromEntries(Object.entries(ports).map(([name, value]) => [name, String(value)])),
    ...{ DB: 'postgres12_pgx', POSTGRES_SEEDS: hostname, DB_PORT: port },
    ...{ POSTGRES_USER: username, POSTGRES_PWD: password },
    ...{ DBNAME: 'temporal', VISIBILITY_DBNAME: 'temporal_visibility' },
    ...{ SQL_MAX_CONNS: MAX_CONNECTIONS, SQL_MAX_IDLE_CONNS: MAX_CONNECTIONS },
    NUM_HISTORY_SHARDS: '8',
    BIND_ON_IP: '127.0.0.1',
    TEMPORAL_BROADCAST_ADDRESS: '127.0.0.1',
    LOG_LEVEL: 'error',
  };
}

async function canConnect(address: string): Promise<boolean> {
  return Connection.connect({ address, connectTimeout: '5s' }).then(
    (connection) => connection.close().then(() => true),
    () => false,
  );
}
