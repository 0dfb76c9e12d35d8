// Records the histories that test/workflows/replay.test.ts replays. A recording stands for leads, replays, imports, pulls or
// runs of retention that are under way: a change to the workflow must replay all of them. After one behind `patched`, rename the
// recordings that it outdates (`reversal-before-x.json`) and record anew; they may go when no lead can be so old any more.
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { LeadEvent } from '../../src/domain/lead-event.ts';
import {
  LEAD_WORKFLOW,
  TASK_QUEUE,
  leadEvents,
  leadQuery,
  leadWorkflowId,
  type LeadActivities,
  type LeadPolicy,
} from '../../workflows/contract.ts';
import { startAttributes } from '../../src/temporal/lead-start.ts';
import { numbered } from '../support/leads/events.ts';
import { eventually } from '../support/eventually.ts';
import { createTestLeadWorkers } from '../support/temporal/lead-workers.ts';
import { runsOf } from '../support/temporal/lead-history.ts';
import { policy as standardPolicy } from '../support/policy.ts';
import '../support/temporal/quiet-sdk.ts';
import { startPrivateTemporal, stopTestServers } from '../support/servers.ts';
import { connectToTemporal } from '../support/temporal/connection.ts';
import { recordImports } from './record-imports.ts';
import { recordPulls } from './record-pulls.ts';
import { recordReplays } from './record-replays.ts';
import { recordRetention } from './record-retention.ts';
import { shapeNames, shapeOf, type RecordedLead, type ShapeName } from './shapes.ts';
import { writeHistory } from './write-history.ts';

// Each recording ends with its window.
const WINDOW_MS = 3000;
const ATTEMPT_WAITED_FOR = 2;

const temporal = await startPrivateTemporal({ dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': '100' } });
try {
  await recordAll(temporal.address);
} finally {
  await stopTestServers();
}

async function recordAll(address: string): Promise<void> {
  // Recordings must not name the machine they were made on.
  const connected = await connectToTemporal(address, { identity: 'client' });
  const { client, nativeConnection } = connected;
  for (const name of shapeNames) await record(name, client, nativeConnection);
  const recorder = { client, connection: nativeConnection };
  await recordReplays(recorder);
  await recordImports(recorder);
  await recordPulls(recorder);
  await recordRetention(recorder);
  await connected.close();
}

async function record(name: ShapeName, client: Client, connection: NativeConnection): Promise<void> {
  const { policy: changes, play } = shapeOf(name);
  const committed: LeadEvent[] = [];
  const handle = client.workflow.getHandle(leadWorkflowId(name));
  const workers = await createTestLeadWorkers({
    connection,
    taskQueue: TASK_QUEUE,
    identity: 'worker',
    activities: scriptedActivities(name, committed),
  });
  await workers.runUntil(async () => {
    await play(
      startLead({ name, client, handle, committed, policy: { ...standardPolicy, windowMs: WINDOW_MS, ...changes } }),
    );
    await handle.result();
  });
  const runs = await runsOf(client, name);
  for (const [index, runId] of runs.entries()) {
    const suffix = runs.length > 1 ? `-${index + 1}` : '';
    await writeHistory(client, { name: `${name}${suffix}`, workflowId: handle.workflowId, runId });
  }
}

function scriptedActivities(name: ShapeName, committed: LeadEvent[]): LeadActivities {
  const { attempts = [], settleFailures = 0 } = shapeOf(name);
  const outcomes = [...attempts];
  let failuresLeft = settleFailures;
  return {
    loadLeadEvents: async ({ afterSeq }) => committed.filter(({ seq }) => seq > afterSeq),
    loadConversion: async () => null,
    async settle({ maxAttempts, settlement: { conversionId, holder, seq, status } }) {
      if (failuresLeft-- > 0) throw new Error('Postgres is away.');
      return holder
        ? [
            {
              postbackId: `postback-${seq}`,
              conversionId,
              seq,
              partnerId: holder.partnerId,
              status,
              isHandover: false,
              attemptsLeft: maxAttempts,
            },
          ]
        : [];
    },
    findUnfinished: async () => ({ hasUnsettled: false, open: [] }),
    deliverPostback: async () => outcomes.shift()?.() ?? { result: 'delivered' },
    reviewPostback: async ({ unrecorded }) =>
      unrecorded ? { result: 'delivered' } : { attemptsLeft: 2, retryInMs: 100 },
  };
}

type Recording = {
  name: ShapeName;
  client: Client;
  handle: WorkflowHandle;
  committed: LeadEvent[];
  policy: LeadPolicy;
};

function startLead({ name, client, handle, committed, policy }: Recording): RecordedLead {
  const commit: RecordedLead['miss'] = (...facts) => {
    committed.push(...numbered(facts, { at: new Date().toISOString(), after: committed.length }));
  };
  return {
    miss: commit,
    async hear(...facts) {
      const before = committed.length;
      commit(...facts);
      const events = committed.slice(before);
      await client.workflow.signalWithStart(LEAD_WORKFLOW, {
        workflowId: handle.workflowId,
        taskQueue: TASK_QUEUE,
        args: [{ leadId: name, policy }],
        signal: leadEvents,
        signalArgs: [{ events }],
        typedSearchAttributes: startAttributes(events),
      });
      await until(async () => (await handle.query(leadQuery)).appliedSeq === committed.length);
    },
    allDelivered: () => until(async () => (await handle.query(leadQuery)).delivering.length === 0),
    betweenAttempts: () =>
      until(async () => {
        const [activity] = (await handle.describe()).raw.pendingActivities ?? [];
        return activity?.attempt === ATTEMPT_WAITED_FOR;
      }),
    continued: () => until(async () => (await runsOf(client, name)).length > 1),
  };
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  await eventually(async () => {
    if (!(await isTrue())) throw new Error('It did not come to that in time.');
  });
}
