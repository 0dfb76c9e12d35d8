import assert from 'node:assert/strict';
import { leadQuery } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { loseTail } from '../support/leads/lost-tail.ts';
import { startPrivateLeadWorld, type LeadWorld } from '../support/temporal/lead-world.ts';
import { rewardsOf, type Network } from '../support/network-in-database.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { policy } from '../support/policy.ts';
import { settingsFor } from '../support/postback-settings.ts';

// Long enough to lose a postback between two of its attempts.
const INTERVAL_MS = 4000;

describe('a lead after Postgres has lost its tail', function () {
  this.timeout(120_000);
  let world: LeadWorld;
  let network: Network;
  let tracker: PartnerServer;
  let ann: string;
  let bob: string;

  before(async () => {
    world = await startPrivateLeadWorld({ policy: { ...policy, postbackIntervalMs: INTERVAL_MS } });
    ({ network } = world);
  });

  after(() => world.stop());

  beforeEach(async () => {
    tracker = await startPartnerServer();
    [ann, bob] = [await network.partner(settingsFor(tracker.url)), await network.partner(settingsFor(tracker.url))];
  });

  afterEach(() => tracker.stop());

  it('takes a status whose number it has seen before for what it is, and settles it with whom Postgres knows', async () => {
    const { leadId, conversionId } = await network.aLead(ann, 'a1');
    await network.touch(leadId, bob, 'b1');
    await network.report(conversionId, 'pending');
    await world.hasPostbacks(conversionId, 'delivered');
    await loseTail(network.db, { leadId, conversionId, lastSeq: 2 });

    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered');
    assert.deepEqual(
      tracker.received.map(({ query }) => [query.status, query.ref]),
      [
        ['pending', 'b1'],
        ['approved', 'a1'],
      ],
    );
    assert.deepEqual(
      (await rewardsOf(network.db, conversionId)).map(({ partner_id, kind }) => ({ partner_id, kind })),
      [{ partner_id: ann, kind: 'booked' }],
    );
    const view = await world.handleOf(leadId).query(leadQuery);
    assertFields(view, { appliedSeq: 3, status: 'approved', delivering: [] });

    await network.touch(leadId, bob, 'b2');
    await network.report(conversionId, 'rejected');
    await world.hasPostbacks(conversionId, 'delivered', 'delivered');
    assertFields(tracker.received.at(-1)?.query, { status: 'rejected', ref: 'a1' });
  });

  it('ends a postback that is lost with it, and delivers the one that came in its place', async () => {
    tracker.answer(500, 200);
    const { leadId, conversionId } = await network.aLead(ann, 'a1');
    await network.report(conversionId, 'pending');
    await world.hasPostbacks(conversionId, 'retrying');
    await loseTail(network.db, { leadId, conversionId, lastSeq: 2 });
    await eventually(async () => assert.deepEqual((await world.handleOf(leadId).query(leadQuery)).delivering, []));

    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered');
    assert.deepEqual(
      tracker.received.map(({ query }) => query.status),
      ['pending', 'approved'],
    );
  });
});
