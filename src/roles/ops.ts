import { readCountedUpto } from '../db/counting/counting.ts';
import { countFailingEndpoints } from '../db/endpoints/endpoints.ts';
import { readLastLedgerCheck } from '../db/ledger/ledger-check.ts';
import { readBacklog } from '../db/outbox.ts';
import { importTells } from '../db/imports/import-tells.ts';
import { readOverdue } from '../db/overdue.ts';
import { findTroubledPulls } from '../db/pulls/pull-reports.ts';
import { replayTells } from '../db/replays/replay-tells.ts';
import { countSilentAdvertisers } from '../db/reports/silence.ts';
import { createOpsApp } from '../http/ops-app.ts';
import { closeServer, createFastServer, listen, REQUEST_GRACE_MS } from '../http/protocol/server.ts';
import { createAddressRules } from '../outbound/address-rules.ts';
import { checkTemporal } from '../temporal/check.ts';
import { connectTemporal } from '../temporal/connect.ts';
import type { Telemetry } from '../temporal/telemetry.ts';
import type { RunningApi } from './api.ts';
import { graceOf, type RoleDeps, type RunningRole } from './role.ts';

const MS_PER_SECOND = 1000;

type OpsOptions = {
  roles: RunningRole[];
  api: Pick<RunningApi, 'publicUrl' | 'statuses' | 'files' | 'readingDb'> | null;
  telemetry: Telemetry | null;
};

export type RunningOps = {
  url: string;
  /** Ends each connection with its next answer; its roles say whether they are ready. */
  drain(): void;
  /** Takes no new requests, and ends when those under way are answered, after ten seconds at most. */
  close(): Promise<void>;
};

/** Every process has an operations listener; the admin API is there where the role api is. */
export async function startOps(deps: RoleDeps, { roles, api, telemetry }: OpsOptions): Promise<RunningOps> {
  const { config, log } = deps;
  const { host, port, adminApiKey, allowedHosts } = config.ops;
  // Only asked whether it answers; the other roles have connections of their own.
  const temporal = connectTemporal(config.temporal.target);
  const app = createOpsApp({
    admin: api && {
      db: api.readingDb,
      adminApiKey,
      secrets: config.leads.secrets,
      sessionMs: config.ops.sessionMs,
      grace: graceOf(config),
      checkTemporal: () => checkTemporal(temporal),
      statuses: api.statuses,
      files: api.files,
      publicUrl: api.publicUrl,
      windowMs: config.leads.windowMs,
      failingAfter: config.endpoints.failingAfter,
      silentAfterHours: config.advertisers.silentAfterHours,
      pullHeaderKeys: config.pulls.headerKeys,
      addressRules: createAddressRules({ allowCidrs: config.postbacks.allowCidrs }),
    },
    temporalUiUrl: config.temporal.uiUrl,
    temporalNamespace: config.temporal.target.namespace,
    trustProxy: config.http.trustProxy,
    allowedHosts: [host, ...allowedHosts],
    metrics: () => readMetrics({ ...deps, db: api?.readingDb ?? deps.db }, telemetry),
    checkReady: async () => void (await Promise.all(roles.map((role) => role.checkReady()))),
    log,
  });
  const server = createFastServer(app);
  const actualPort = await listen(server, { host, port, setting: 'OPS_PORT' });
  return {
    url: `http://localhost:${actualPort}`,
    drain: () => server.endConnections(),
    async close() {
      await closeServer(server, REQUEST_GRACE_MS);
      await temporal.connection.close();
    },
  };
}

async function readMetrics({ config, db, metrics, log }: RoleDeps, telemetry: Telemetry | null) {
  try {
    const backlog = await readBacklog(db);
    metrics.backlogLeads.set(backlog.leads);
    metrics.backlogOldestSeconds.set(backlog.oldestSeconds);
    const overdue = await readOverdue(db, graceOf(config));
    metrics.postbacksOverdue.set(overdue.postbacks);
    metrics.settlementsOverdue.set(overdue.settlements);
    metrics.endpointsFailing.set(await countFailingEndpoints(db, config.endpoints.failingAfter));
    await countSilent({ config, db, metrics });
    metrics.replaysRunning.set(await replayTells.countRunning(db));
    metrics.importsRunning.set(await importTells.countRunning(db));
    const pulls = await findTroubledPulls(db);
    metrics.pullsFailing.set(pulls.failing);
    metrics.pullsOverdue.set(pulls.overdue);
    metrics.pullsWaiting.set(pulls.waiting);
    metrics.countingBehindSeconds.set((Date.now() - Date.parse(await readCountedUpto(db))) / MS_PER_SECOND);
    await readLedgerCheck({ db, metrics });
  } catch (error) {
    log.warn(
      { err: error },
      'Backlog, overdue work, endpoints, replays and pulls cannot be read; their metrics keep their last values.',
    );
  }
  const texts = [await metrics.registry.metrics(), (await telemetry?.readMetrics()) ?? ''];
  return { contentType: metrics.registry.contentType, text: texts.join('\n') };
}

const startedAt = Date.now();

async function readLedgerCheck({ db, metrics }: Pick<RoleDeps, 'db' | 'metrics'>): Promise<void> {
  const { ended_at, differences } = await readLastLedgerCheck(db);
  metrics.ledgerDifferences.set(differences ?? 0);
  const endedAt = ended_at === null ? startedAt : Date.parse(ended_at);
  metrics.ledgerCheckAgeSeconds.set((Date.now() - endedAt) / MS_PER_SECOND);
}

// It looks back three weeks, and says nothing new from one minute to the next.
const SILENCE_COUNTED_EVERY_MS = 60 * MS_PER_SECOND;
let silenceCountedAt = -Infinity;

async function countSilent({ config, db, metrics }: Pick<RoleDeps, 'config' | 'db' | 'metrics'>): Promise<void> {
  if (performance.now() - silenceCountedAt < SILENCE_COUNTED_EVERY_MS) return;
  metrics.advertisersSilent.set(await countSilentAdvertisers(db, config.advertisers.silentAfterHours));
  silenceCountedAt = performance.now();
}
