import { createActivities } from '../../activities/index.ts';
import { createKeptAnswers } from '../../activities/kept-answers.ts';
import { createImporting } from '../../activities/import/import-activities.ts';
import { createPulling } from '../../activities/pull/pull-activities.ts';
import { createRetention } from '../../activities/retention.ts';
import { createReplaying } from '../../activities/replay/replay-activities.ts';
import { startCanary } from '../canary.ts';
import { checkDb, connectImportDb, connectReceivingDb, connectReplayDb, IMPORTS_AT_ONCE } from '../db/connect.ts';
import { createAddressRules } from '../outbound/address-rules.ts';
import { createFileClient } from '../outbound/fetch-file.ts';
import { createGuardedClient } from '../outbound/guarded-client.ts';
import { measureClient } from '../outbound/measured-client.ts';
import { checkTemporal } from '../temporal/check.ts';
import { connectTemporal } from '../temporal/connect.ts';
import { startWorker } from '../temporal/worker.ts';
import { loadWorkflowBundle } from '../temporal/workflow-bundle.ts';
import type { RoleDeps, RunningRole } from './role.ts';

const MEGABYTE = 1_000_000;
// As for files that are sent to us.
const PULL_IDLE_MS = 30_000;

/** Runs the workflows of leads, replays, imports and pulls, and their activities. */
export async function startWorkerRole({ config, db, metrics, log }: RoleDeps): Promise<RunningRole> {
  const { worker, temporal, postbacks, database } = config;
  const clientOptions = {
    addressRules: createAddressRules({ allowCidrs: postbacks.allowCidrs }),
    timeoutMs: postbacks.timeoutMs,
  };
  const client = createGuardedClient(clientOptions);
  // A lead's own postback must not wait for a socket that a replay holds.
  const replayClient = createGuardedClient(clientOptions);
  const replayDb = connectReplayDb(database);
  const replaying = createReplaying({
    db: replayDb,
    client: measureClient(replayClient, metrics),
    concurrency: config.replays.concurrentPostbacks,
    metrics,
    log,
  });
  const importDb = connectImportDb(database);
  const importing = createImporting({
    db: importDb,
    windowMs: config.leads.windowMs,
    concurrency: IMPORTS_AT_ONCE,
    unknownRowsKept: config.pulls.unknownRowsKept,
    metrics,
    log,
  });
  const fileClient = createFileClient({
    addressRules: clientOptions.addressRules,
    timeoutMs: config.pulls.timeoutMs,
    idleMs: PULL_IDLE_MS,
    maxBytes: config.imports.maxMegabytes * MEGABYTE,
  });
  const receivingDb = connectReceivingDb(database);
  const pulling = createPulling({
    ...{ db, chunkDb: receivingDb, ...config.imports },
    client: fileClient,
    headerKeys: config.pulls.headerKeys,
    metrics,
    log,
  });
  const retention = createRetention({
    db,
    days: config.retention.days,
    windowMs: config.leads.windowMs,
    metrics,
    log,
  });
  // A worker that has lost Temporal says for a minute that it runs, so readiness asks on a connection of its own.
  const temporalClient = connectTemporal(temporal.target);
  const answers = createKeptAnswers({ db, log });
  const workers = startWorker({
    // More activities for Postgres would only wait for a connection.
    limits: { ...worker, concurrentDatabaseActivities: database.poolSize },
    target: temporal.target,
    activities: createActivities({
      db,
      client: measureClient(client, metrics),
      answers,
      concurrentPerPartner: worker.concurrentPostbacksPerPartner,
    }),
    jobs: {
      activities: { ...replaying.activities, ...importing.activities, ...pulling.activities, ...retention.activities },
      concurrentJobs: config.replays.concurrentReplays,
    },
    workflowBundle: await loadWorkflowBundle(log),
    log,
  });
  const canary = startCanary({ db, client, ...config.endpoints, metrics, log });
  return {
    async checkReady() {
      if (!workers.isRunning()) throw new Error('The worker is not connected to Temporal.');
      await Promise.all([checkTemporal(temporalClient), checkDb(db)]);
    },
    async stop() {
      const stopped = workers.stop();
      // Only now, so that this worker does not take them up again.
      replaying.halt();
      importing.halt();
      pulling.halt();
      retention.halt();
      await Promise.all([stopped, canary.stop()]);
      await Promise.all([answers.stop(), replaying.stop()]);
      await Promise.all([client.close(), replayClient.close(), fileClient.close()]);
      await Promise.all([replayDb.destroy(), importDb.destroy(), receivingDb.destroy()]);
      await temporalClient.connection.close();
    },
  };
}
