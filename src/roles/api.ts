import type { Knex } from 'knex';
import { createCatalogue, type Catalogue } from '../catalogue/catalogue.ts';
import { loadCatalogue, readCatalogueVersion } from '../db/catalogue.ts';
import {
  checkClickPool,
  connectClickPool,
  connectReadingDb,
  connectReceivingDb,
  connectStatusDb,
} from '../db/connect.ts';
import { findFreePort } from '../free-port.ts';
import { createFileTaker, type FileTaker } from '../http/imports/take-file.ts';
import { closeServer, createFastServer, listen, REQUEST_GRACE_MS } from '../http/protocol/server.ts';
import { createDocsRoutes } from '../http/docs/docs-routes.ts';
import { describePartnerCalls } from '../http/partner/openapi.ts';
import { createPublicApp } from '../http/public-app.ts';
import { createClickIntake } from '../intake/click.ts';
import { writeVisitTraces } from '../db/fraud/visit-traces.ts';
import { createVisitTraces } from '../intake/visit-traces.ts';
import { createLeadTokens } from '../intake/lead-token.ts';
import { createRefusedCalls } from '../intake/refused-calls.ts';
import { createStatusIntake, type StatusIntake } from '../intake/status.ts';
import { createAddressRules } from '../outbound/address-rules.ts';
import { createGuardedClient } from '../outbound/guarded-client.ts';
import type { RoleDeps, RunningRole } from './role.ts';

export type RunningApi = RunningRole & {
  publicUrl: string;
  statuses: StatusIntake;
  files: FileTaker;
  /** For the operations listener. */
  readingDb: Knex;
  /** From now on it says that it is not ready, serves as before, and ends each connection with its next answer. */
  drain(): void;
  /** Takes no new requests, and ends when those under way are answered, after ten seconds at most. */
  close(): Promise<void>;
  /** To be called when all that uses its connections has been closed. */
  stop(): Promise<void>;
};

/** Takes clicks and statuses: the public listener, which answers as soon as the catalogue is loaded. */
export async function startApiRole(deps: RoleDeps): Promise<RunningApi> {
  const { config, log } = deps;
  const { http, leads } = config;
  const pool = connectClickPool(config.database);
  const clicks = createClickIntake({ pool });
  const traces = createVisitTraces({
    write: (visits) => writeVisitTraces(pool, visits),
    secret: leads.secrets[0] ?? '',
    log,
  });
  const statusDb = connectStatusDb(config.database);
  const readingDb = connectReadingDb(config.database);
  const statuses = createStatusIntake({ db: statusDb, windowMs: leads.windowMs });
  const refusedCalls = createRefusedCalls(statusDb, log);
  const receivingDb = connectReceivingDb(config.database);
  const files = createFileTaker({ db: deps.db, chunkDb: receivingDb, ...config.imports });
  const catalogue = await startCatalogue(deps, statusDb);
  const addressRules = createAddressRules({ allowCidrs: config.postbacks.allowCidrs });
  const client = createGuardedClient({ addressRules, timeoutMs: config.postbacks.timeoutMs });
  let isDraining = false;
  const checkReady = async () => {
    await checkClickPool(pool);
    // Not before: who asks may be answered by a look that began earlier.
    if (isDraining) throw new Error('The process has been asked to stop.');
  };
  // With port 0 the system would choose one too late: the app's pages name it.
  const port = http.port || (await findFreePort());
  const publicUrl = http.publicUrl ?? `http://localhost:${port}`;
  const rules = { ...config.postbacks, windowMs: leads.windowMs };
  const docs = createDocsRoutes({ publicUrl, rules, files: files.limits }, describePartnerCalls());
  const app = createPublicApp({
    catalogue,
    clicks,
    statuses,
    refusedCalls,
    files,
    traces,
    leadTokens: createLeadTokens(leads.secrets, leads.windowMs),
    checkReady,
    publicUrl,
    trustProxy: http.trustProxy,
    windowMs: leads.windowMs,
    docs,
    console: { secrets: leads.secrets, sessionMs: config.console.sessionMs },
    partner: {
      db: readingDb,
      addressRules,
      client,
      testsPerMinute: config.partners.testsPerMinute,
      failingAfter: config.endpoints.failingAfter,
    },
    log,
  });
  const server = createFastServer(app);
  await listen(server, { host: http.host, port, setting: 'PORT' });
  return {
    publicUrl,
    statuses,
    files,
    readingDb,
    checkReady,
    drain() {
      isDraining = true;
      server.endConnections();
    },
    close: () => closeServer(server, REQUEST_GRACE_MS),
    async stop() {
      await Promise.all([clicks.flush(), traces.stop(), statuses.flush(), refusedCalls.flush()]);
      catalogue.stop();
      await client.close();
      await Promise.all([pool.end(), statusDb.destroy(), readingDb.destroy(), receivingDb.destroy()]);
    },
  };
}

async function startCatalogue({ config, db, log }: RoleDeps, statusDb: Knex): Promise<Catalogue> {
  const catalogue = createCatalogue({
    load: () => loadCatalogue(db),
    readVersion: () => readCatalogueVersion(statusDb),
    pollIntervalMs: config.catalogue.pollMs,
    log,
  });
  await catalogue.start();
  return catalogue;
}
