import assert from 'node:assert/strict';
import { activityInfo } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { createActivities } from '../../activities/index.ts';
import { newPostbackId } from '../../src/intake/new-ids.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { updatePartner } from '../../src/db/catalogue.ts';
import { createAddressRules } from '../../src/outbound/address-rules.ts';
import { createGuardedClient, type GuardedClient } from '../../src/outbound/guarded-client.ts';
import { startRelay, type Relay } from '../../src/relay.ts';
import { registerSearchAttributes } from '../../src/temporal.ts';
import { TASK_QUEUE, leadEvents, leadQuery, leadWorkflowId, type LeadActivities } from '../../workflows/contract.ts';
import { testBundle } from '../support/bundle.ts';
import { createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { attemptsOf, createNetwork, postbacksOf, rewardsOf, settingsFor, type Network } from '../support/network.ts';
import { createTimeSkippingEnvironment } from '../support/time-skipping.ts';
import { startTracker, type Tracker } from '../support/tracker.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
// The facts carry real time while the server's clock is skipped ahead: the window must not end in between.
const policy = { windowMs: 10_000 * DAY_MS, postbackAttempts: 3, postbackIntervalMs: 300_000 };

describe('deliveries of a lead', function () {
  this.timeout(60_000);
  let env: TestWorkflowEnvironment;
  let network: Network;
  let tracker: Tracker;
  let relay: Relay;
  let worker: Worker;
  let client: GuardedClient;
  let working: Promise<void>;
  /** When each try was due on the server's clock, in seconds, by postback. */
  let triedAt: Map<string, number[]>;

  before(async () => {
    const [database, environment, bundle] = await Promise.all([
      createTestDatabase(),
      createTimeSkippingEnvironment(),
      testBundle(),
    ]);
    env = environment;
    network = await createNetwork(database);
    client = createGuardedClient({ addressRules: createAddressRules({ allowCidrs: ['127.0.0.0/8'] }), timeoutMs: 500 });
    await registerSearchAttributes(env.client);
    const activities = createActivities({ db: network.db, client, newPostbackId });
    triedAt = new Map();
    worker = await Worker.create({
      connection: env.nativeConnection,
      taskQueue: TASK_QUEUE,
      workflowBundle: bundle,
      activities: noting(activities),
    });
    working = worker.run();
    relay = startRelay({
      db: network.db,
      client: env.client,
      policy,
      concurrency: 8,
      leaseMs: 30_000,
      metrics: createMetrics(),
      log: createLog('silent'),
    });
  });

  after(async () => {
    await relay.stop();
    worker.shutdown();
    await working;
    await client.close();
    await env.teardown();
    await network.close();
  });

  beforeEach(async () => {
    tracker = await startTracker();
  });

  afterEach(async () => {
    await tracker.stop();
  });

  function noting(activities: LeadActivities): LeadActivities {
    return {
      ...activities,
      async deliverPostback(input) {
        const times = triedAt.get(input.postbackId) ?? [];
        triedAt.set(input.postbackId, [...times, activityInfo().currentAttemptScheduledTimestampMs / 1000]);
        return await activities.deliverPostback(input);
      },
    };
  }

  async function leadWithConversion(partnerId: string, refId?: string) {
    const leadId = network.newLead();
    await network.touch(leadId, partnerId, refId);
    return { leadId, conversionId: await network.convert(leadId) };
  }

  async function partnerWithTracker(): Promise<string> {
    return await network.partner(settingsFor(tracker.url));
  }

  async function onlyPostback(conversionId: string, state: string) {
    return await eventually(async () => {
      const [postback, ...others] = await postbacksOf(network.db, conversionId);
      assert.equal(others.length, 0);
      assert.equal(postback?.state, state);
      return postback;
    });
  }

  it('R10: anything but 200 is tried three times, 300 s apart, and then failed', async () => {
    tracker.answer(302, 204, 'hang');
    const { conversionId } = await leadWithConversion(await partnerWithTracker(), 'click-1');
    await network.report(conversionId, 'approved');

    await onlyPostback(conversionId, 'retrying');
    await env.sleep('20m');

    const { postback_id: postbackId } = await onlyPostback(conversionId, 'failed');
    const attempts = await attemptsOf(network.db, postbackId);
    assert.deepEqual(
      attempts.map(({ outcome, http_status, error }) => [outcome, http_status, error]),
      [
        ['refused', 302, null],
        ['refused', 204, null],
        ['refused', null, 'timeout'],
      ],
    );
    assert.equal(tracker.received.length, 3);
    const [first = 0, second = 0, third = 0] = triedAt.get(postbackId) ?? [];
    // The interval runs from the end of a try, so its short duration comes on top.
    assert.ok(second - first >= 300 && second - first < 302, `${second - first}`);
    assert.ok(third - second >= 300 && third - second < 302, `${third - second}`);
    assert.deepEqual(await rewardsOf(network.db, conversionId).then((entries) => entries.map(({ kind }) => kind)), ['booked']);
  });

  it('R10: a 200 on the second try ends the delivery', async () => {
    tracker.answer(500, 200);
    const { conversionId } = await leadWithConversion(await partnerWithTracker(), 'click-1');
    await network.report(conversionId, 'approved');
    await onlyPostback(conversionId, 'retrying');
    await env.sleep('20m');
    await onlyPostback(conversionId, 'delivered');
    assert.equal(tracker.received.length, 2);
  });

  it('R12: a URL that is repaired between tries is used by the next try', async () => {
    tracker.answer(500);
    const partnerId = await partnerWithTracker();
    const { conversionId } = await leadWithConversion(partnerId, 'click-1');
    await network.report(conversionId, 'approved');
    await onlyPostback(conversionId, 'retrying');

    const repaired = await startTracker();
    await updatePartner(network.db, partnerId, { postback: settingsFor(repaired.url) });
    await env.sleep('6m');

    await onlyPostback(conversionId, 'delivered');
    assert.equal(repaired.received.length, 1);
    assert.equal(tracker.received.length, 1);
    await repaired.stop();
  });

  it('R11: a newer status supersedes an undelivered older one and is never overtaken', async () => {
    tracker.answer(500, 200);
    const { conversionId } = await leadWithConversion(await partnerWithTracker(), 'click-1');
    await network.report(conversionId, 'pending');
    await onlyPostback(conversionId, 'retrying');
    await network.report(conversionId, 'approved');

    const states = await eventually(async () => {
      const postbacks = await postbacksOf(network.db, conversionId);
      assert.equal(postbacks[1]?.state, 'delivered');
      return postbacks.map(({ status, state }) => [status, state]);
    });
    assert.deepEqual(states, [
      ['pending', 'superseded'],
      ['approved', 'delivered'],
    ]);
    await env.sleep('20m');
    assert.deepEqual(tracker.received.map(({ query }) => query['status']), ['pending', 'approved']);
  });

  it('R11: a newer status waits for the running try of an older one', async () => {
    tracker.answer('hang', 200);
    const { conversionId } = await leadWithConversion(await partnerWithTracker(), 'click-1');
    await network.report(conversionId, 'pending');
    await eventually(() => assert.equal(tracker.received.length, 1));
    await network.report(conversionId, 'approved');

    await eventually(async () => assert.equal((await postbacksOf(network.db, conversionId))[1]?.state, 'delivered'));
    const [pending] = await postbacksOf(network.db, conversionId);
    const [hung] = await attemptsOf(network.db, pending?.postback_id ?? '');
    const { rows } = await network.db.raw<{ rows: { in_order: boolean }[] }>(
      `select bool_and(older.ended_at <= newer.started_at) as in_order
       from postbacks p join postback_attempts older using (postback_id),
            postbacks q join postback_attempts newer using (postback_id)
       where p.conversion_id = ? and p.status = 'pending' and q.conversion_id = p.conversion_id and q.status = 'approved'`,
      [conversionId],
    );
    assert.equal(hung?.error, 'timeout');
    assert.equal(rows[0]?.in_order, true);
    assert.equal(pending?.state, 'superseded');
  });

  it('R11: two conversions of one lead deliver independently', async () => {
    tracker.answer('hang', 200);
    const { leadId, conversionId } = await leadWithConversion(await partnerWithTracker(), 'click-1');
    const second = await network.convert(leadId);
    await network.report(conversionId, 'approved');
    await eventually(() => assert.equal(tracker.received.length, 1));
    await network.report(second, 'approved');
    await onlyPostback(second, 'delivered');
    await env.sleep('6m');
    await onlyPostback(conversionId, 'delivered');
  });

  it('R8: a reversal goes to the partner who won and revokes his reward', async () => {
    const [winner, later] = [await partnerWithTracker(), await partnerWithTracker()];
    const { leadId, conversionId } = await leadWithConversion(winner, 'click-1');
    await network.report(conversionId, 'approved');
    await onlyPostback(conversionId, 'delivered');
    await network.touch(leadId, later, 'click-2');
    await network.report(conversionId, 'rejected', 'fraud');

    await eventually(async () => assert.equal((await postbacksOf(network.db, conversionId))[1]?.state, 'delivered'));
    const postbacks = await postbacksOf(network.db, conversionId);
    assert.deepEqual(postbacks.map(({ partner_id, status }) => [partner_id, status]), [
      [winner, 'approved'],
      [winner, 'rejected'],
    ]);
    assert.deepEqual(
      (await rewardsOf(network.db, conversionId)).map(({ partner_id, kind, amount }) => [partner_id, kind, amount]),
      [
        [winner, 'booked', 1250],
        [winner, 'revoked', -1250],
      ],
    );
    assert.deepEqual(tracker.received.map(({ query }) => [query['status'], query['ref'], query['payout'], query['reason']]), [
      ['approved', 'click-1', '12.50', ''],
      ['rejected', 'click-1', '0.00', 'fraud'],
    ]);
  });

  it('R4, R8: for a lead of the house nobody is rewarded and nothing is sent', async () => {
    const conversionId = await network.convert(network.newLead());
    await network.report(conversionId, 'approved');
    const postback = await onlyPostback(conversionId, 'skipped');
    assert.equal(postback.skip_reason, 'house');
    assert.equal(postback.partner_id, null);
    assert.deepEqual(await rewardsOf(network.db, conversionId), []);
  });

  it('R6: without a ref_id no postback is sent, but the reward is booked', async () => {
    const { conversionId } = await leadWithConversion(await partnerWithTracker());
    await network.report(conversionId, 'approved');
    const postback = await onlyPostback(conversionId, 'skipped');
    assert.equal(postback.skip_reason, 'no_ref_id');
    assert.equal((await rewardsOf(network.db, conversionId))[0]?.amount, 1250);
    assert.equal(tracker.received.length, 0);
  });

  it('R14: a partner who asked for it hears of a lead that he lost after pending', async () => {
    const loser = await network.partner(settingsFor(tracker.url, { handover: true }));
    const winner = await partnerWithTracker();
    const { leadId, conversionId } = await leadWithConversion(loser, 'lost');
    await network.report(conversionId, 'pending');
    await onlyPostback(conversionId, 'delivered');
    await network.touch(leadId, winner, 'won');
    await network.report(conversionId, 'approved');

    await eventually(() => assert.equal(tracker.received.length, 3));
    assert.deepEqual(
      tracker.received.slice(1).map(({ query }) => [query['ref'], query['status'], query['reason']]).sort(),
      [
        ['lost', 'rejected', 'reattributed'],
        ['won', 'approved', ''],
      ],
    );
  });

  it('a repeated event pays and tells once', async () => {
    const { leadId, conversionId } = await leadWithConversion(await partnerWithTracker(), 'click-1');
    await network.report(conversionId, 'approved');
    await onlyPostback(conversionId, 'delivered');
    await network.db('outbox').insert({ lead_id: leadId, from_seq: 1, upto_seq: 3, urgency: 0 });
    await eventually(async () => assert.deepEqual(await network.db('outbox').where({ lead_id: leadId }), []));
    const { appliedSeq } = await env.client.workflow.getHandle(leadWorkflowId(leadId)).query(leadQuery);
    assert.equal(appliedSeq, 3);
    assert.equal(tracker.received.length, 1);
    assert.equal((await rewardsOf(network.db, conversionId)).length, 1);
  });

  it('a gap heals from Postgres, however late the run begins', async () => {
    const { leadId, conversionId } = await leadWithConversion(await partnerWithTracker(), 'click-1');
    await network.report(conversionId, 'pending');
    await onlyPostback(conversionId, 'delivered');
    // The store is lost: a new run first hears of event 4.
    await env.client.workflow.getHandle(leadWorkflowId(leadId)).terminate('lost');
    await network.report(conversionId, 'approved');

    await eventually(async () => assert.equal((await postbacksOf(network.db, conversionId))[1]?.state, 'delivered'));
    const lead = await env.client.workflow.getHandle(leadWorkflowId(leadId)).query(leadQuery);
    assert.equal(lead.appliedSeq, 4);
    assert.deepEqual(tracker.received.map(({ query }) => query['status']), ['pending', 'approved']);
  });

  it('settling survives a database outage', async () => {
    const { leadId, conversionId } = await leadWithConversion(await partnerWithTracker(), 'click-1');
    const handle = env.client.workflow.getHandle(leadWorkflowId(leadId));
    await eventually(async () => assert.equal((await handle.query(leadQuery)).appliedSeq, 2));
    // Straight to the workflow, as the relay would, because the outage is between the two.
    await network.report(conversionId, 'approved');
    await eventually(async () => assert.deepEqual(await network.db('outbox').where({ lead_id: leadId }), []));
    await onlyPostback(conversionId, 'delivered');
    const name = new URL(network.pool.options.connectionString ?? '').pathname.slice(1);
    const { adminUrl } = await (await import('../support/servers.ts')).testPostgres();
    const { connectDb } = await import('../../src/db/connect.ts');
    const admin = connectDb({ url: adminUrl, poolSize: 1, statementTimeoutMs: 5000 });
    await admin.raw(`alter database ?? allow_connections false`, [name]);
    await admin.raw('select pg_terminate_backend(pid) from pg_stat_activity where datname = ?', [name]);
    const at = new Date().toISOString();
    const { advertiserId, offerId } = network;
    await handle.signal(leadEvents, {
      events: [{ type: 'status', seq: 4, at, conversionId, offerId, advertiserId, status: 'rejected', reason: null }],
    });
    await eventually(async () => {
      const { raw } = await handle.describe();
      assert.equal(raw.pendingActivities?.[0]?.activityType?.name, 'settle');
    });
    await admin.raw(`alter database ?? allow_connections true`, [name]);
    await admin.destroy();
    await network.report(conversionId, 'rejected');
    await env.sleep('1m');
    await eventually(async () => assert.equal((await postbacksOf(network.db, conversionId))[1]?.state, 'delivered'));
  });
});
