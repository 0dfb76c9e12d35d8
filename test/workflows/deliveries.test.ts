import assert from 'node:assert/strict';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { updatePartner } from '../../src/db/partners.ts';
import type { LeadActivities } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { startLeadWorld, type LeadWorld } from '../support/temporal/lead-world.ts';
import { attemptsOf, postbacksOf, rewardsOf, type Network } from '../support/network-in-database.ts';
import { startTimeSkipping } from '../support/temporal/time-skipping.ts';
import { DAY_MS, policy } from '../support/policy.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';

// The facts carry real time while the server's clock is skipped ahead: the window must not end in between.
const ALL_THE_TIME_MS = 10_000 * DAY_MS;

describe('deliveries of a lead', function () {
  this.timeout(120_000);
  let env: TestWorkflowEnvironment;
  let world: LeadWorld;
  let network: Network;
  let tracker: PartnerServer;
  /** When each attempt began on the server's clock, in seconds, by postback. */
  const attemptedAt = new Map<string, number[]>();

  before(async () => {
    env = await startTimeSkipping();
    world = await startLeadWorld(env, {
      policy: { ...policy, windowMs: ALL_THE_TIME_MS },
      postbackTimeoutMs: 4000,
      around: noting,
    });
    ({ network } = world);
  });

  after(async () => {
    await world.stop();
    await env.teardown();
  });

  beforeEach(async () => {
    tracker = await startPartnerServer();
  });

  afterEach(async () => {
    await tracker.stop();
  });

  function noting(activities: LeadActivities): LeadActivities {
    return {
      ...activities,
      async deliverPostback(input) {
        const times = attemptedAt.get(input.postbackId) ?? [];
        attemptedAt.set(input.postbackId, [...times, (await env.currentTimeMs()) / 1000]);
        return await activities.deliverPostback(input);
      },
    };
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

  it('R10: anything but 200 is attempted three times, 300 s apart, and then failed', async () => {
    tracker.answer(302, 204, 'nothing');
    const { conversionId } = await network.aLead(await partnerWithTracker());
    await network.report(conversionId, 'approved');

    await onlyPostback(conversionId, 'retrying');
    await env.sleep('20m');

    const { postback_id: postbackId } = await onlyPostback(conversionId, 'failed');
    const attempts = await attemptsOf(network.db, postbackId);
    assert.deepEqual(
      attempts.map(({ outcome, http_status, error }) => ({ outcome, http_status, error })),
      [
        { outcome: 'refused', http_status: 302, error: null },
        { outcome: 'refused', http_status: 204, error: null },
        { outcome: 'refused', http_status: null, error: 'timeout' },
      ],
    );
    assert.equal(tracker.received.length, 3);
    const [first = 0, second = 0, third = 0] = attemptedAt.get(postbackId) ?? [];
    // The interval runs from the end of an attempt, so its duration comes on top: short, save on a busy machine.
    assert.ok(second - first >= 300 && second - first < 330, `${second - first}`);
    assert.ok(third - second >= 300 && third - second < 330, `${third - second}`);
    assert.deepEqual(await rewardsOf(network.db, conversionId).then((entries) => entries.map(({ kind }) => kind)), [
      'booked',
    ]);
  });

  it('R10: a 200 on the second attempt ends the delivery', async () => {
    tracker.answer(500, 200);
    const { conversionId } = await network.aLead(await partnerWithTracker());
    await network.report(conversionId, 'approved');
    await onlyPostback(conversionId, 'retrying');
    await env.sleep('20m');
    await onlyPostback(conversionId, 'delivered');
    assert.equal(tracker.received.length, 2);
  });

  it('R12: a URL that is repaired between attempts is used by the next attempt', async () => {
    tracker.answer(500);
    const partnerId = await partnerWithTracker();
    const { conversionId } = await network.aLead(partnerId);
    await network.report(conversionId, 'approved');
    await onlyPostback(conversionId, 'retrying');

    const repaired = await startPartnerServer();
    await updatePartner(network.db, partnerId, { postback: settingsFor(repaired.url) });
    await env.sleep('6m');

    await onlyPostback(conversionId, 'delivered');
    assert.equal(repaired.received.length, 1);
    assert.equal(tracker.received.length, 1);
    await repaired.stop();
  });

  it('R11: a newer status supersedes an undelivered older one and is never overtaken', async () => {
    tracker.answer(500, 200);
    const { conversionId } = await network.aLead(await partnerWithTracker());
    await network.report(conversionId, 'pending');
    await onlyPostback(conversionId, 'retrying');
    await network.report(conversionId, 'approved');

    await world.hasPostbacks(conversionId, 'superseded', 'delivered');
    assert.deepEqual(
      (await postbacksOf(network.db, conversionId)).map(({ status }) => status),
      ['pending', 'approved'],
    );
    await env.sleep('20m');
    assert.deepEqual(
      tracker.received.map(({ query }) => query['status']),
      ['pending', 'approved'],
    );
  });

  it('R11: two conversions of one lead deliver independently', async () => {
    tracker.answer('nothing', 200);
    const { leadId, conversionId } = await network.aLead(await partnerWithTracker());
    const second = await network.convert(leadId);
    await network.report(conversionId, 'approved');
    await eventually(() => assert.equal(tracker.received.length, 1));
    await network.report(second, 'approved');
    await onlyPostback(second, 'delivered');
    await env.sleep('6m');
    await onlyPostback(conversionId, 'delivered');
  });

  it('R8: a reversal goes to the partner who won and revokes its reward', async () => {
    const [winner, later] = [await partnerWithTracker(), await partnerWithTracker()];
    const { leadId, conversionId } = await network.aLead(winner);
    await network.report(conversionId, 'approved');
    await onlyPostback(conversionId, 'delivered');
    await network.touch(leadId, later, 'click-2');
    await network.report(conversionId, 'rejected', 'fraud');

    await world.hasPostbacks(conversionId, 'delivered', 'delivered');
    const postbacks = await postbacksOf(network.db, conversionId);
    assert.deepEqual(
      postbacks.map(({ partner_id, status }) => ({ partner_id, status })),
      [
        { partner_id: winner, status: 'approved' },
        { partner_id: winner, status: 'rejected' },
      ],
    );
    assert.deepEqual(
      (await rewardsOf(network.db, conversionId)).map(({ partner_id, kind, amount }) => ({ partner_id, kind, amount })),
      [
        { partner_id: winner, kind: 'booked', amount: 1250 },
        { partner_id: winner, kind: 'revoked', amount: -1250 },
      ],
    );
    assert.deepEqual(
      tracker.received.map(({ query: { status, ref, payout, reason } }) => ({ status, ref, payout, reason })),
      [
        { status: 'approved', ref: 'click-1', payout: '12.50', reason: '' },
        { status: 'rejected', ref: 'click-1', payout: '0.00', reason: 'fraud' },
      ],
    );
  });

  it('R4, R8: for a lead of the house nobody is rewarded and nothing is sent', async () => {
    const { conversionId } = await network.aLead(null);
    await network.report(conversionId, 'approved');
    const postback = await onlyPostback(conversionId, 'skipped');
    assert.equal(postback.skip_reason, 'house');
    assert.equal(postback.partner_id, null);
    assert.deepEqual(await rewardsOf(network.db, conversionId), []);
  });

  it('R6: without a ref_id no postback is sent, but the reward is booked', async () => {
    const { conversionId } = await network.aLead(await partnerWithTracker(), null);
    await network.report(conversionId, 'approved');
    const postback = await onlyPostback(conversionId, 'skipped');
    assert.equal(postback.skip_reason, 'no_ref_id');
    assert.deepEqual(
      (await rewardsOf(network.db, conversionId)).map(({ kind, amount }) => ({ kind, amount })),
      [{ kind: 'booked', amount: 1250 }],
    );
    assert.equal(tracker.received.length, 0);
  });

  it('R14: a partner who asked for it hears of a lead that it lost after pending', async () => {
    const loser = await network.partner(settingsFor(tracker.url, { handover: true }));
    const winner = await partnerWithTracker();
    const { leadId, conversionId } = await network.aLead(loser, 'lost');
    await network.report(conversionId, 'pending');
    await onlyPostback(conversionId, 'delivered');
    await network.touch(leadId, winner, 'won');
    await network.report(conversionId, 'approved');

    await eventually(() => assert.equal(tracker.received.length, 3));
    assert.deepEqual(
      tracker.received
        .slice(1)
        .map(({ query: { ref, status, reason } }) => ({ ref, status, reason }))
        .sort((a, b) => String(a.ref).localeCompare(String(b.ref))),
      [
        { ref: 'lost', status: 'rejected', reason: 'reattributed' },
        { ref: 'won', status: 'approved', reason: '' },
      ],
    );
  });

  it('a repeated event pays and tells once', async () => {
    const { leadId, conversionId } = await network.aLead(await partnerWithTracker());
    await network.report(conversionId, 'approved');
    await onlyPostback(conversionId, 'delivered');
    await network.db('outbox').insert({ lead_id: leadId, from_seq: 1, upto_seq: 3, urgency: 0 });
    await eventually(async () => assert.deepEqual(await network.db('outbox').where({ lead_id: leadId }), []));
    await world.hasApplied(leadId, 3);
    assert.equal(tracker.received.length, 1);
    assert.equal((await rewardsOf(network.db, conversionId)).length, 1);
  });

  it('a gap heals from Postgres, however late the run begins', async () => {
    const { leadId, conversionId } = await network.aLead(await partnerWithTracker());
    await network.report(conversionId, 'pending');
    await onlyPostback(conversionId, 'delivered');
    // The store is lost: a new run first hears of event 4.
    await world.handleOf(leadId).terminate('lost');
    await network.report(conversionId, 'approved');

    await world.hasPostbacks(conversionId, 'delivered', 'delivered');
    await world.hasApplied(leadId, 4);
    assert.deepEqual(
      tracker.received.map(({ query }) => query['status']),
      ['pending', 'approved'],
    );
  });
});
