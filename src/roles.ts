import type { Knex } from 'knex';
import { createActivities } from '../activities/index.ts';
import type { LeadPolicy } from '../workflows/contract.ts';
import type { Settings } from './config.ts';
import { loadCatalogue, readCatalogueVersion } from './db/catalogue.ts';
import { checkClickPool, checkDb, connectClickPool } from './db/connect.ts';
import { readBacklog } from './db/outbox.ts';
import { createOpsApp } from './http/ops-app.ts';
import { createPublicApp } from './http/public-app.ts';
import { closeServer, createFastServer, listen } from './http/server.ts';
import { createCatalogue } from './intake/catalogue.ts';
import { createClickIntake } from './intake/click.ts';
import { createLeadTokens } from './intake/lead-token.ts';
import { newConversionId, newPostbackId } from './intake/new-ids.ts';
import { createStatusIntake, type StatusIntake } from './intake/status.ts';
import { keepTrying } from './keep-trying.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { createAddressRules } from './outbound/address-rules.ts';
import { createGuardedClient } from './outbound/guarded-client.ts';
import { startRelay } from './relay.ts';
import { connectTemporal, registerSearchAttributes, searchAttributesText } from './temporal.ts';
import type { Telemetry } from './telemetry.ts';
import { startWorker } from './worker.ts';
import { loadWorkflowBundle } from './workflow-bundle.ts';

/** What every role of one process shares. */
export type RoleDeps = { settings: Settings; db: Knex; metrics: Metrics; log: Log };

export type RunningRole = {
  /** Rejects while the role cannot do its work. */
  checkReady(): Promise<void>;
  stop(): Promise<void>;
};

const REQUEST_GRACE_MS = 10_000;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;
const REGISTER_TIMEOUT_MS = 3000;

export async function startApi({
  settings,
  db,
  log,
}: RoleDeps): Promise<RunningRole & { url: string; statuses: StatusIntake }> {
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
  const app = createPublicApp({
    catalogue,
    clicks,
    statuses,
    leadTokens: createLeadTokens(settings.leadSecrets, leads.windowMs),
    newConversionId,
    checkReady,
    publicUrl: http.publicUrl ?? `http://localhost:${http.port}`,
    trustProxy: http.trustProxy,
    windowMs: leads.windowMs,
    log,
  });
  const server = createFastServer(app);
  const port = await listen(server, { host: http.host, port: http.port, setting: 'PORT' });
  return {
    url: http.publicUrl ?? `http://localhost:${port}`,
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

export async function startWorkerRole({ settings, db, metrics, log }: RoleDeps): Promise<RunningRole> {
  const { worker: limits, postbacks } = settings.config;
  const client = createGuardedClient({
    addressRules: createAddressRules({ allowCidrs: settings.allowCidrs }),
    timeoutMs: postbacks.timeoutMs,
  });
  const worker = startWorker({
    ...limits,
    target: settings.temporal,
    activities: createActivities({ db, client: measured(client, metrics), newPostbackId }),
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

type OpsOptions = {
  roles: RunningRole[];
  api: { url: string; statuses: StatusIntake } | null;
  telemetry: Telemetry | null;
};

/** Every process has an operations listener; the admin API is there where the role api is. */
export async function startOps(
  deps: RoleDeps,
  { roles, api, telemetry }: OpsOptions,
): Promise<{ url: string; stop(): Promise<void> }> {
  const { settings, db, log } = deps;
  const { host, port } = settings.config.ops;
  const app = createOpsApp({
    admin: api && {
      db,
      adminApiKey: settings.adminApiKey,
      statuses: api.statuses,
      publicUrl: api.url,
      windowMs: settings.config.leads.windowMs,
      addressRules: createAddressRules({ allowCidrs: settings.allowCidrs }),
    },
    temporalUiUrl: settings.temporalUiUrl,
    temporalNamespace: settings.temporal.namespace,
    trustProxy: settings.config.http.trustProxy,
    metrics: () => readMetrics(deps, telemetry),
    checkReady: async () => void (await Promise.all(roles.map((role) => role.checkReady()))),
    log,
  });
  const server = createFastServer(app);
  const actualPort = await listen(server, { host, port, setting: 'OPS_PORT' });
  return { url: `http://localhost:${actualPort}`, stop: () => closeServer(server, REQUEST_GRACE_MS) };
}

async function readMetrics({ db, metrics, log }: RoleDeps, telemetry: Telemetry | null) {
  try {
    const backlog = await readBacklog(db);
    metrics.backlogLeads.set(backlog.leads);
    metrics.backlogOldestSeconds.set(backlog.oldestSeconds);
  } catch (error) {
    log.warn({ err: error }, 'The backlog cannot be read; its metrics keep their last values.');
  }
  const texts = [await metrics.registry.metrics(), (await telemetry?.readMetrics()) ?? ''];
  return { contentType: metrics.registry.contentType, text: texts.join('\n') };
}

function policyOf({ config }: Settings): LeadPolicy {
  const { leads, postbacks } = config;
  return { windowMs: leads.windowMs, postbackAttempts: postbacks.attempts, postbackIntervalMs: postbacks.intervalMs };
}

function measured(client: ReturnType<typeof createGuardedClient>, metrics: Metrics): Pick<typeof client, 'send'> {
  return {
    async send(call) {
      const outcome = await client.send(call);
      metrics.postbackAttempts.inc({
        result: outcome.ok ? 'delivered' : (outcome.error ?? `http_${outcome.httpStatus}`),
      });
      metrics.postbackSeconds.observe(outcome.durationMs / 1000);
      return outcome;
    },
  };
}
