import assert from 'node:assert/strict';
import { setTimeout as pass } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { LEAD_WORKFLOW } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { createHttpNetwork, type HttpNetwork } from '../support/network-over-http.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivatePostgres, startPrivateTemporal } from '../support/servers.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { connectClient } from '../support/temporal/connection.ts';

// All of them are called before the first call has lasted its ten seconds.
const LEADS = 8;
const AWAY_MS = 30_000;
// Temporal gives up an activity that it has not heard of and has its attempt made again this much later: a worker has until
// then to write down what it has kept.
const INTERVAL_SECONDS = 4;

describe('Postgres and Temporal away together', function () {
  this.timeout(240_000);
  let postgres: Awaited<ReturnType<typeof startPrivatePostgres>>;
  let temporal: Awaited<ReturnType<typeof startPrivateTemporal>>;
  let programs: RunningProgram[];
  let network: HttpNetwork;
  let tracker: PartnerServer;

  before(async () => {
    [postgres, temporal, tracker] = await Promise.all([
      startPrivatePostgres(),
      startPrivateTemporal(),
      startPartnerServer(),
    ]);
    const servers = {
      databaseUrl: postgres.url,
      temporalAddress: temporal.address,
      env: { POSTBACK_INTERVAL_SECONDS: String(INTERVAL_SECONDS) },
    };
    const first = await startProcess(servers);
    programs = [first, await startProcess({ ...servers, roles: ['worker'] })];
    network = await createHttpNetwork(first);
  });

  after(async () => {
    await Promise.all(programs.map((program) => program.stop()));
    await Promise.all([postgres.stop(), temporal.stop(), tracker.stop()]);
  });

  it('for 30 s, a partner who answered 200 meanwhile is called once, and its postback ends with that one attempt', async () => {
    let openGate = () => undefined as void;
    const gate = new Promise<void>((resolve) => (openGate = resolve));
    tracker.answer(async () => (await gate, 200));
    const partnerId = await network.partner({ url: tracker.url });
    const conversionIds = await Promise.all(
      Array.from({ length: LEADS }, (_, index) => network.click(partnerId, `click-${index}`)),
    );
    for (const conversionId of conversionIds) {
      assert.equal((await network.report(conversionId, 'approved')).status, 200);
    }
    await eventually(() => assert.equal(tracker.received.length, LEADS));

    await Promise.all([postgres.kill('SIGQUIT'), temporal.kill('SIGKILL')]);
    openGate();
    await pass(AWAY_MS);
    postgres = await startPrivatePostgres({ dir: postgres.dir, port: postgres.port });
    temporal = await startPrivateTemporal({ dir: temporal.dir, port: temporal.port });

    await eventually(async () => {
      for (const conversionId of conversionIds) {
        const { postbacks } = await network.story(conversionId);
        assert.deepEqual(
          postbacks.map(({ state, attempts }) => [state, attempts.map(({ outcome }) => outcome)]),
          [['delivered', ['delivered']]],
        );
      }
    });
    // What Temporal has begun again for want of an answer finds that nothing is left to do.
    const client = await connectClient(temporal.address);
    await eventually(async () => assert.equal(await countPending(client), 0));
    await client.connection.close();
    assert.equal(tracker.received.length, LEADS);
  });
});

/** How many activities the leads of a server are waiting for. */
async function countPending({ workflow }: Client): Promise<number> {
  let pending = 0;
  for await (const { workflowId } of workflow.list({ query: `WorkflowType = '${LEAD_WORKFLOW}'` })) {
    const { raw } = await workflow.getHandle(workflowId).describe();
    pending += raw.pendingActivities?.length ?? 0;
  }
  return pending;
}
