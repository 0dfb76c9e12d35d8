import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createActivities } from '../../activities/index.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { createAddressRules } from '../../src/outbound/address-rules.ts';
import { createGuardedClient } from '../../src/outbound/guarded-client.ts';
import { startRelay } from '../../src/relay.ts';
import { registerSearchAttributes } from '../../src/temporal/connect.ts';
import { TASK_QUEUE, type LeadActivities, type LeadPolicy } from '../../workflows/contract.ts';
import { testBundle } from './bundle.ts';
import { createTestDatabase } from './database.ts';
import { createNetwork, type Network } from './network-in-database.ts';

export type LeadWorld = { network: Network; client: Client; stop(): Promise<void> };

type WorldOptions = {
  policy: LeadPolicy;
  postbackTimeoutMs: number;
  /** Looks at, or changes, what the activities do. */
  around?: (activities: LeadActivities) => LeadActivities;
};

type Connections = { client: Client; connection: NativeConnection };

/** A lead world on the real Temporal server at this address; `stop` closes the connections to it as well. */
export async function startLeadWorldOn(address: string, options: WorldOptions): Promise<LeadWorld> {
  const clientConnection = await Connection.connect({ address });
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection: clientConnection });
  const world = await startLeadWorld({ client, connection, ...options });
  return {
    ...world,
    async stop() {
      await world.stop();
      await connection.close();
      await clientConnection.close();
    },
  };
}

/** The whole way of a lead behind the doors: real Postgres, relay, workflow and activities on a given Temporal server. */
export async function startLeadWorld({
  client,
  connection,
  policy,
  postbackTimeoutMs,
  around,
}: Connections & WorldOptions): Promise<LeadWorld> {
  const [database, workflowBundle] = await Promise.all([
    createTestDatabase(),
    testBundle(),
    registerSearchAttributes(client),
  ]);
  const network = await createNetwork(database);
  const addressRules = createAddressRules({ allowCidrs: ['127.0.0.0/8'] });
  const outbound = createGuardedClient({ addressRules, timeoutMs: postbackTimeoutMs });
  const activities = createActivities({ db: network.db, client: outbound });
  const worker = await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    workflowBundle,
    activities: around ? around(activities) : activities,
  });
  const working = worker.run();
  const relay = startRelay({
    db: network.db,
    client,
    policy,
    concurrency: 8,
    leaseMs: 30_000,
    metrics: createMetrics(),
    log: createLog('silent'),
  });
  return {
    network,
    client,
    async stop() {
      await relay.stop();
      worker.shutdown();
      await working;
      await outbound.close();
      await network.close();
    },
  };
}
