import assert from 'node:assert/strict';
import { WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import { createActivities } from '../../../activities/index.ts';
import { createKeptAnswers } from '../../../activities/kept-answers.ts';
import { createLog } from '../../../src/log.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { createAddressRules } from '../../../src/outbound/address-rules.ts';
import { createGuardedClient } from '../../../src/outbound/guarded-client.ts';
import { startRelay } from '../../../src/relay.ts';
import {
  TASK_QUEUE,
  leadQuery,
  leadWorkflowId,
  type LeadActivities,
  type LeadPolicy,
} from '../../../workflows/contract.ts';
import { createTestDatabase } from '../database.ts';
import { eventually } from '../eventually.ts';
import { createNetwork, postbacksOf, type Network } from '../network-in-database.ts';
import { policy as standardPolicy } from '../policy.ts';
import { startPrivateTemporal } from '../servers.ts';
import { createTestLeadWorkers } from './lead-workers.ts';
import { connectToTemporal, type TemporalConnection } from './connection.ts';

// Just below the time after which Temporal takes an attempt for lost.
const LONGEST_CALL_MS = 14_000;

export type LeadWorld = {
  network: Network;
  client: Client;
  handleOf(leadId: string): WorkflowHandle;
  /** Waits until the workflow of a lead has applied the event with this number. */
  hasApplied(leadId: string, seq: number): Promise<void>;
  /** Waits until a conversion has postbacks in exactly these states, the oldest first. */
  hasPostbacks(conversionId: string, ...states: string[]): Promise<void>;
  /** Ends the leads that are still open: whoever works on the same server next would go on with them. */
  endLeads(): Promise<void>;
  stop(): Promise<void>;
};

type WorldOptions = {
  policy?: LeadPolicy;
  /** Long when left out, so that no answer of a busy machine comes too late. */
  postbackTimeoutMs?: number;
  /** How many postbacks the worker has under way at most; many when left out. */
  concurrentPostbacks?: number;
  /** Otherwise all leads are awake and answer queries. */
  startsAsleep?: boolean;
  /** Looks at, or changes, what the activities do. */
  around?: (activities: LeadActivities) => LeadActivities;
};

/** A lead world on the real Temporal server at this address; `stop` closes the connections to it as well. */
export async function startLeadWorldOn(address: string, options: WorldOptions = {}): Promise<LeadWorld> {
  const temporal = await connectToTemporal(address);
  const world = await startLeadWorld(temporal, options);
  return {
    ...world,
    async stop() {
      await world.stop();
      await temporal.close();
    },
  };
}

/** A lead world on a real Temporal server of its own, which ends with it. */
export async function startPrivateLeadWorld(options: WorldOptions = {}): Promise<LeadWorld> {
  const temporal = await startPrivateTemporal();
  const world = await startLeadWorldOn(temporal.address, options);
  return {
    ...world,
    async stop() {
      await world.stop();
      await temporal.kill('SIGKILL');
    },
  };
}

/** The whole way of a lead behind the doors: real Postgres, relay, workflow and activities on a given Temporal server. */
export async function startLeadWorld(
  { client, nativeConnection: connection }: TemporalConnection,
  options: WorldOptions = {},
): Promise<LeadWorld> {
  const {
    policy = standardPolicy,
    postbackTimeoutMs = LONGEST_CALL_MS,
    concurrentPostbacks,
    startsAsleep = false,
    around,
  } = options;
  const database = await createTestDatabase();
  const network = await createNetwork(database);
  const addressRules = createAddressRules({ allowCidrs: ['127.0.0.0/8'] });
  const outbound = createGuardedClient({ addressRules, timeoutMs: postbackTimeoutMs });
  const answers = createKeptAnswers({ db: network.db, log: createLog('silent') });
  const activities = createActivities({ db: network.db, client: outbound, answers });
  const workers = await createTestLeadWorkers({
    connection,
    taskQueue: TASK_QUEUE,
    limits: { concurrentPostbacks },
    activities: around ? around(activities) : activities,
  });
  const working = workers.run();
  const relay = startRelay({
    db: network.db,
    client,
    policy,
    mayStartAsleep: () => startsAsleep,
    isQueueDeep: () => false,
    concurrency: 8,
    clickConcurrency: 8,
    importConcurrency: 8,
    leaseMs: 30_000,
    metrics: createMetrics(),
    log: createLog('silent'),
  });
  const handleOf = (leadId: string) => client.workflow.getHandle(leadWorkflowId(leadId));
  return {
    network,
    client,
    handleOf,
    async hasApplied(leadId, seq) {
      await eventually(async () => assert.equal((await handleOf(leadId).query(leadQuery)).appliedSeq, seq));
    },
    async hasPostbacks(conversionId, ...states) {
      await eventually(async () => {
        const postbacks = await postbacksOf(network.db, conversionId);
        assert.deepEqual(
          postbacks.map(({ state }) => state),
          states,
        );
      });
    },
    async endLeads() {
      for (const leadId of await network.db('leads').pluck<string[]>('lead_id')) {
        await handleOf(leadId)
          .terminate('the tests are over')
          .catch((error: unknown) => {
            if (!(error instanceof WorkflowNotFoundError)) throw error;
          });
      }
    },
    async stop() {
      await relay.stop();
      workers.shutdown();
      await working;
      await answers.stop();
      await outbound.close();
      await network.close();
    },
  };
}
