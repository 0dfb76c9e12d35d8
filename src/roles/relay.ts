import type { Client } from '@temporalio/client';
import { JOB_TASK_QUEUE, RETENTION_WORKFLOW, type LeadPolicy } from '../../workflows/contract.ts';
import type { Config } from '../config.ts';
import { startCounting } from '../counting.ts';
import { checkDb, connectCountingDb, connectLedgerDb, connectRelayDb } from '../db/connect.ts';
import { importTells } from '../db/imports/import-tells.ts';
import { pullTells } from '../db/pulls/pull-tells.ts';
import { replayTells } from '../db/replays/replay-tells.ts';
import { startFlagging } from '../flagging.ts';
import { startJobRelay } from '../job-relay.ts';
import { startLedgerWatch } from '../ledger-watch.ts';
import { startRelay } from '../relay.ts';
import { startSweep } from '../sweep.ts';
import { checkTemporal } from '../temporal/check.ts';
import { connectTemporal, registerSearchAttributes } from '../temporal/connect.ts';
import { watchQueueDepth } from '../temporal/queue-depth.ts';
import { keepRegistered } from '../temporal/registration.ts';
import { ensureSchedule } from '../temporal/schedules.ts';
import { proveStartDelay } from '../temporal/start-delay.ts';
import { tellImport } from '../temporal/tell-import.ts';
import { tellPull } from '../temporal/tell-pull.ts';
import { tellReplay } from '../temporal/tell-replay.ts';
import { graceOf, type RoleDeps, type RunningRole } from './role.ts';

const FIRST_RETRY_MS = 1000;
const REGISTER_INTERVAL_MS = 60_000;
const REGISTER_TIMEOUT_MS = 3000;
// Each look is a write; a Temporal that has lost its store gets its Schedule back within an hour.
const SCHEDULE_INTERVAL_MS = 3_600_000;

/**
 * Relays committed events, replays and imports to Temporal, registers the search attributes that leads are started with, and
 * has Temporal start the retention and the pulls of exports again and again. Statuses do not wait until Temporal has shown
 * that leads may sleep.
 */
export function startRelayRole({ config, db, metrics, log }: RoleDeps): RunningRole {
  const client = connectTemporal(config.temporal.target);
  const { concurrency, clickConcurrency, importConcurrency, leaseMs } = config.relay;
  const startDelay = proveStartDelay(client, log);
  const queue = watchQueueDepth(client);
  const relayDb = connectRelayDb(config.database);
  const relay = startRelay({
    db: relayDb,
    client,
    policy: policyOf(config),
    mayStartAsleep: () => startDelay.isProven(),
    isQueueDeep: () => queue.isDeep(),
    concurrency,
    clickConcurrency,
    importConcurrency,
    leaseMs,
    metrics,
    log,
  });
  const sweep = startSweep({ db, grace: graceOf(config), intervalMs: config.sweep.intervalMs, metrics, log });
  const countingDb = connectCountingDb(config.database);
  const counting = startCounting({ db: countingDb, intervalMs: config.counting.intervalMs, log });
  const { intervalMs, timeoutMs } = config.ledgerCheck;
  const ledgerDb = connectLedgerDb({ ...config.database, statementTimeoutMs: timeoutMs });
  const ledgerWatch = startLedgerWatch({ db, ledgerDb, intervalMs, log });
  const flagging = startFlagging({ db, ...config.fraud, metrics, log });
  const jobDeps = { db, client, log };
  const jobRelays = [
    startJobRelay({ ...jobDeps, kind: { name: 'replay', tells: replayTells, tell: tellReplay } }),
    startJobRelay({ ...jobDeps, kind: { name: 'import', tells: importTells, tell: tellImport } }),
    startJobRelay({
      ...jobDeps,
      kind: { name: 'pull', tells: pullTells, tell: tellPull },
      silentMs: SCHEDULE_INTERVAL_MS,
    }),
  ];
  const register = () => client.withDeadline(Date.now() + REGISTER_TIMEOUT_MS, () => registerSearchAttributes(client));
  const registration = keepRegistered({
    register,
    firstPauseMs: FIRST_RETRY_MS,
    intervalMs: REGISTER_INTERVAL_MS,
    log,
  });
  const schedule = keepRegistered({
    register: () => client.withDeadline(Date.now() + REGISTER_TIMEOUT_MS, () => ensureRetention(client, config)),
    firstPauseMs: FIRST_RETRY_MS,
    intervalMs: SCHEDULE_INTERVAL_MS,
    onFailure: (err) => log.warn({ err }, 'The Schedule of retention cannot be made in Temporal; trying again.'),
    log,
  });
  return {
    checkReady: async () => void (await Promise.all([checkTemporal(client), checkDb(db)])),
    async stop() {
      const parts = [
        registration,
        schedule,
        startDelay,
        queue,
        sweep,
        counting,
        ledgerWatch,
        flagging,
        ...jobRelays,
        relay,
      ];
      await Promise.all(parts.map((part) => part.stop()));
      await Promise.all([relayDb.destroy(), countingDb.destroy(), ledgerDb.destroy()]);
      await client.connection.close();
    },
  };
}

async function ensureRetention(client: Client, { retention }: Config): Promise<void> {
  await ensureSchedule(client, {
    scheduleId: RETENTION_WORKFLOW,
    workflowType: RETENTION_WORKFLOW,
    taskQueue: JOB_TASK_QUEUE,
    everyMs: retention.intervalMs,
  });
}

function policyOf({ leads, postbacks }: Config): LeadPolicy {
  return { windowMs: leads.windowMs, postbackAttempts: postbacks.attempts, postbackIntervalMs: postbacks.intervalMs };
}
