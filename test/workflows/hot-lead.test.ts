import assert from 'node:assert/strict';
import { leadQuery } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { makeHotLead } from '../support/leads/hot-lead.ts';
import { runsOf } from '../support/temporal/lead-history.ts';
import { startLeadWorldOn, type LeadWorld } from '../support/temporal/lead-world.ts';
import { postbacksOf, rewardsOf, type Network } from '../support/network-in-database.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { startPrivateTemporal } from '../support/servers.ts';

const COUNTS = { touches: 100_000, conversions: 10_000, approved: 120 };
const REBUILT_WITHIN_MS = 300_000;

describe('a lead of 100,000 touches and 10,000 conversions', function () {
  this.timeout(REBUILT_WITHIN_MS + 60_000);
  let temporal: Awaited<ReturnType<typeof startPrivateTemporal>>;
  let world: LeadWorld;
  let network: Network;
  let tracker: PartnerServer;

  before(async () => {
    [temporal, tracker] = await Promise.all([startPrivateTemporal(), startPartnerServer()]);
    world = await startLeadWorldOn(temporal.address);
    ({ network } = world);
  });

  after(async () => {
    await world.stop();
    await temporal.kill('SIGKILL');
    await tracker.stop();
  });

  it('is rebuilt from its first event, and settles a conversion that it has forgotten with whoever won it', async () => {
    const ann = await network.partner(settingsFor(tracker.url));
    const bob = await network.partner(settingsFor(tracker.url));
    const { leadId, lastSeq, conversionId } = await makeHotLead(network, ann, COUNTS);
    await network.touch(leadId, bob, 'b1');
    await network.report(conversionId(1), 'rejected');
    await network.report(conversionId(COUNTS.conversions), 'approved');
    const last = conversionId(COUNTS.conversions);
    await eventually(() => world.hasPostbacks(last, 'delivered'), REBUILT_WITHIN_MS);
    // The approval before it may have come in the same breath; then it is superseded (R11).
    await eventually(async () => {
      assert.equal((await postbacksOf(network.db, conversionId(1))).at(-1)?.state, 'delivered');
    });

    const rewards = await rewardsOf(network.db, conversionId(1));
    assert.deepEqual(
      rewards.map(({ partner_id, kind }) => [partner_id, kind]),
      [
        [ann, 'booked'],
        [ann, 'revoked'],
      ],
    );
    assert.deepEqual(
      (await rewardsOf(network.db, last)).map(({ partner_id }) => partner_id),
      [bob],
    );
    const { rows } = await network.db.raw<{ rows: object[] }>(
      `select p.ref_id, p.status, count(*) from postbacks p group by 1, 2 order by 1, 2`,
    );
    assert.deepEqual(rows, [
      { ref_id: 'b1', status: 'approved', count: 1 },
      { ref_id: 'first', status: 'approved', count: COUNTS.approved },
      { ref_id: 'first', status: 'rejected', count: 1 },
    ]);
    const view = await world.handleOf(leadId).query(leadQuery);
    assert.equal(view.appliedSeq, lastSeq + 3);
    assert.ok(view.conversions.length <= 200, `${view.conversions.length} conversions`);
    // Each run is small enough for people's tools to read.
    const runs = await runsOf(world.client, leadId);
    assert.ok(runs.length > 1, `${runs.length} run`);
  });
});
