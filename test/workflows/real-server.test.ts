import assert from 'node:assert/strict';
import { leadEvents } from '../../workflows/contract.ts';
import { startOutage } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { startLeadWorldOn, type LeadWorld } from '../support/temporal/lead-world.ts';
import { attemptsOf, postbacksOf, type Network } from '../support/network-in-database.ts';
import { testTemporal } from '../support/servers.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';

// On a real server, because the time-skipping one treats a cancelled running activity in a way of its own.
describe('a lead on a real Temporal server', function () {
  this.timeout(120_000);
  let world: LeadWorld;
  let network: Network;
  let tracker: PartnerServer;

  before(async () => {
    const { address } = await testTemporal();
    world = await startLeadWorldOn(address, { postbackTimeoutMs: 4000 });
    ({ network } = world);
  });

  after(async () => {
    await world.endLeads();
    await world.stop();
  });

  beforeEach(async () => {
    tracker = await startPartnerServer();
  });

  afterEach(async () => {
    await tracker.stop();
  });

  it('R11: a newer status waits for the running attempt of an older one', async () => {
    tracker.answer('nothing', 200);
    const { conversionId } = await network.aLead(await network.partner(settingsFor(tracker.url)));
    await network.report(conversionId, 'pending');
    await eventually(() => assert.equal(tracker.received.length, 1));
    await network.report(conversionId, 'approved');

    await world.hasPostbacks(conversionId, 'superseded', 'delivered');
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
  });

  it('R14: the loser still hears of its loss when the winner’s conversion is corrected meanwhile', async () => {
    const losersTracker = await startPartnerServer();
    const loser = await network.partner(settingsFor(losersTracker.url, { handover: true }));
    const winner = await network.partner(settingsFor(tracker.url));
    const { leadId, conversionId } = await network.aLead(loser);
    await network.report(conversionId, 'pending');
    await world.hasPostbacks(conversionId, 'delivered');
    losersTracker.answer(500);
    await network.touch(leadId, winner, 'click-2');
    await network.report(conversionId, 'approved');
    await eventually(() => assert.equal(losersTracker.received.length, 2));
    await network.report(conversionId, 'rejected');

    await eventually(() =>
      assert.deepEqual(
        tracker.received.map(({ query }) => query.status),
        ['approved', 'rejected'],
      ),
    );
    const handover = (await postbacksOf(network.db, conversionId)).find(({ reason }) => reason === 'reattributed');
    assertFields(handover, { partner_id: loser, state: 'retrying' });
    await losersTracker.stop();
  });

  it('settling survives a database outage', async () => {
    const { leadId, conversionId } = await network.aLead(await network.partner(settingsFor(tracker.url)));
    await world.hasApplied(leadId, 2);
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered');

    const outage = await startOutage(network.db);
    const { advertiserId, offerId } = network;
    const at = new Date().toISOString();
    // Straight to the workflow, as the relay would have done just before the outage.
    const handle = world.handleOf(leadId);
    await handle.signal(leadEvents, {
      events: [{ type: 'status', seq: 4, at, conversionId, offerId, advertiserId, status: 'rejected', reason: null }],
    });
    await eventually(async () => {
      const { raw } = await handle.describe();
      assert.equal(raw.pendingActivities?.[0]?.activityType?.name, 'settle');
    });
    await outage.end();
    await network.report(conversionId, 'rejected');
    await world.hasPostbacks(conversionId, 'delivered', 'delivered');
  });
});
