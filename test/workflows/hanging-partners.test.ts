import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { startPrivateTemporal } from '../support/servers.ts';
import { startLeadWorldOn, type LeadWorld } from '../support/temporal/lead-world.ts';

const SLOTS = 2;

describe('partners whose servers hang', function () {
  this.timeout(120_000);
  let temporal: Awaited<ReturnType<typeof startPrivateTemporal>>;
  let world: LeadWorld;
  let tracker: PartnerServer;

  before(async () => {
    [temporal, tracker] = await Promise.all([startPrivateTemporal(), startPartnerServer()]);
    world = await startLeadWorldOn(temporal.address, { concurrentPostbacks: SLOTS });
  });

  after(async () => {
    await tracker.stop();
    await world.stop();
    await temporal.kill('SIGKILL');
  });

  it('hold no status up: what supersedes their postbacks is settled while all slots are taken', async () => {
    const { network } = world;
    tracker.answer('nothing');
    const partnerId = await network.partner(settingsFor(tracker.url));
    const leads = await Promise.all(Array.from({ length: SLOTS }, () => network.aLead(partnerId)));
    for (const { conversionId } of leads) await network.report(conversionId, 'pending');
    await eventually(() => assert.equal(tracker.received.length, SLOTS));

    for (const { conversionId } of leads) await network.report(conversionId, 'approved');
    const calling = await eventually(async () => {
      const settled = network.db('settlements').where({ status: 'approved' });
      const running = network.db('postback_attempts').where({ outcome: 'running' });
      const [settledIds, runningIds] = await Promise.all([
        settled.pluck('conversion_id'),
        running.pluck('postback_id'),
      ]);
      assert.deepEqual(settledIds.sort(), leads.map(({ conversionId }) => conversionId).sort());
      return runningIds.length;
    });
    assert.equal(calling, SLOTS);
  });
});
