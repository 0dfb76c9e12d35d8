import type { Knex } from 'knex';
import { createActivities } from '../../activities/index.ts';
import type { LeadPolicy } from '../../workflows/contract.ts';
import type { Settings } from '../config.ts';
import { loadCatalogue, readCatalogueVersion } from '../db/catalogue.ts';
import { checkClickPool, checkDb, connectClickPool } from '../db/connect.ts';
import { findFreePort } from '../free-port.ts';
import { createPublicApp } from '../http/public-app.ts';
import { closeServer, createFastServer, listen, REQUEST_GRACE_MS } from '../http/protocol/server.ts';
import { createCatalogue } from '../catalogue/catalogue.ts';
import { createClickIntake } from '../intake/click.ts';
import { createLeadTokens } from '../intake/lead-token.ts';
import { newConversionId, newPostbackId } from '../new-ids.ts';
import { createStatusIntake, type StatusIntake } from '../intake/status.ts';
import { keepTrying } from '../keep-trying.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { measureClient } from './ops.ts';
import { createAddressRules } from '../outbound/address-rules.ts';
import { createGuardedClient } from '../outbound/guarded-client.ts';
import { startRelay } from '../relay.ts';
import { connectTemporal, registerSearchAttributes, searchAttributesText } from '../temporal/connect.ts';
import { startWorker } from '../temporal/worker.ts';
import { loadWorkflowBundle } from '../temporal/workflow-bundle.ts';

/** What every role of one process shares. */
export type RoleDeps = { settings: Settings; db: Knex; metrics: Metrics; log: Log };

export type RunningRole = {
  /** Rejects while the role cannot do its work. */
  checkReady(): Promise<void>;
  stop(): Promise<void>;
};

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;
const REGISTER_TIMEOUT_MS = 3000;

/** Takes clicks and statuses: the public listener, which answers as soon as the catalogue is loaded. */
export async function startApiRole({
  settings,
  db,
  log,
}: RoleDeps): Promise<RunningRole & { publicUrl: string; statuses: StatusIntake }> {
  const { http, leads, catalogue: catalogueConfig, database } = settings.config;
  const pool = connectClickPool({ url: settings.databaseUrl, statementTimeoutMs: database.statementTimeoutMs });
  const clicks = createClickIntake(pool);
  const statuses = createStatusIntake(db, leads.windowMs);
  const catalogue = createCatalogue({
    load: () => loadCatalogue(db),
    readVersion: () => readCatalogueVersion(db),
    pollIntervalMs: catalogueConfig.pollMs,
    log,
  });
  await catalogue.start();
  const checkReady = async () => void (await checkClickPool(pool));
  // With port 0 the system would choose one too late: the app's pages name it.
  const port = http.port || (await findFreePort());
  const publicUrl = http.publicUrl ?? `http://localhost:${port}`;
  const app = createPublicApp({
    catalogue,
    clicks,
    statuses,
    leadTokens: createLeadTokens(settings.leadSecrets, leads.windowMs),
    newConversionId,
    checkReady,
    publicUrl,
    trustProxy: http.trustProxy,
    windowMs: leads.windowMs,
    log,
  });
  const server = createFastServer(app);
  await listen(server, { host: http.host, port, setting: 'PORT' });
  return {
    publicUrl,
    statuses,
    checkReady,
    async stop() {
      await closeServer(server, REQUEST_GRACE_MS);
      await clicks.flush();
      catalogue.stop();
      await pool.end();
    },
  };
}

/** Hands committed events over to Temporal, and registers the search attributes that leads are started with. */
export function startRelayRole({ settings, db, metrics, log }: RoleDeps): RunningRole {
  const client = connectTemporal(settings.temporal);
  const { concurrency, leaseMs } = settings.config.relay;
  const relay = startRelay({ db, client, policy: policyOf(settings), concurrency, leaseMs, metrics, log });
  const register = () => client.withDeadline(Date.now() + REGISTER_TIMEOUT_MS, () => registerSearchAttributes(client));
  const registering = keepTrying(register, {
    firstPauseMs: FIRST_RETRY_MS,
    longestPauseMs: LONGEST_RETRY_MS,
    onFailure: (err) => warnUnregistered(err, log),
  });
  return {
    checkReady: async () => void (await checkDb(db)),
    async stop() {
      await Promise.all([registering.stop(), relay.stop()]);
      await client.connection.close();
    },
  };
}

/** Runs the workflows of leads and their activities. */
export async function startWorkerRole({ settings, db, metrics, log }: RoleDeps): Promise<RunningRole> {
  const { worker: limits, postbacks } = settings.config;
  const client = createGuardedClient({
    addressRules: createAddressRules({ allowCidrs: settings.allowCidrs }),
    timeoutMs: postbacks.timeoutMs,
  });
  const worker = startWorker({
    ...limits,
    target: settings.temporal,
    activities: createActivities({ db, client: measureClient(client, metrics), newPostbackId }),
    workflowBundle: await loadWorkflowBundle(log),
    log,
  });
  return {
    async checkReady() {
      if (!worker.isConnected()) throw new Error('The worker is not connected to Temporal.');
      await checkDb(db);
    },
    async stop() {
      await worker.stop();
      await client.close();
    },
  };
}

/** Temporal Cloud, for one, never permits it; leads cannot start before the attributes are there. */
function warnUnregistered(err: unknown, log: Log): void {
  log.warn(
    { err },
    'Search attributes cannot be registered with Temporal yet; trying again. Where Temporal does not permit it, ' +
      `register them by hand and ignore this: ${searchAttributesText}.`,
  );
}

function policyOf({ config }: Settings): LeadPolicy {
  const { leads, postbacks } = config;
  return { windowMs: leads.windowMs, postbackAttempts: postbacks.attempts, postbackIntervalMs: postbacks.intervalMs };
}
