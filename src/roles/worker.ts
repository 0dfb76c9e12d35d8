import { createActivities } from '../../activities/index.ts';
import { createKeptAnswers } from '../../activities/kept-answers.ts';
import { startCanary } from '../canary.ts';
import { checkDb } from '../db/connect.ts';
import { createAddressRules } from '../outbound/address-rules.ts';
import { createGuardedClient } from '../outbound/guarded-client.ts';
import { measureClient } from '../outbound/measured-client.ts';
import { checkTemporal } from '../temporal/check.ts';
import { connectTemporal } from '../temporal/connect.ts';
import { startWorker } from '../temporal/worker.ts';
import { loadWorkflowBundle } from '../temporal/workflow-bundle.ts';
import type { RoleDeps, RunningRole } from './role.ts';

/** Runs the workflows of leads and their activities. */
export async function startWorkerRole({ config, db, metrics, log }: RoleDeps): Promise<RunningRole> {
  const { worker, temporal, postbacks, database } = config;
  const client = createGuardedClient({
    addressRules: createAddressRules({ allowCidrs: postbacks.allowCidrs }),
    timeoutMs: postbacks.timeoutMs,
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
      await Promise.all([workers.stop(), canary.stop()]);
      await answers.stop();
      await client.close();
      await temporalClient.connection.close();
    },
  };
}
