import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import type { LeadEvent } from '../../src/domain/lead-event.ts';
import { leadEvents, leadQuery } from '../../workflows/contract.ts';
import { startPrivateLeadWorld, type LeadWorld } from '../support/temporal/lead-world.ts';
import { rewardsOf, type Network } from '../support/network-in-database.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';

describe('a lead in the hands of people', function () {
  this.timeout(120_000);
  let world: LeadWorld;
  let network: Network;
  let tracker: PartnerServer;

  before(async () => {
    world = await startPrivateLeadWorld();
    ({ network } = world);
  });

  after(() => world.stop());

  beforeEach(async () => {
    tracker = await startPartnerServer();
  });

  afterEach(() => tracker.stop());

  async function openLead() {
    const { leadId, conversionId } = await network.aLead(await network.partner(settingsFor(tracker.url)));
    await world.hasApplied(leadId, 2);
    return { leadId, conversionId, handle: world.handleOf(leadId) };
  }

  it('goes on when its cancellation is asked for while it waits', async () => {
    const { conversionId, handle } = await openLead();
    await handle.cancel();
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered');
  });

  it('goes on when its cancellation is asked for between two attempts', async () => {
    tracker.answer(500, 200);
    const { conversionId, handle } = await openLead();
    await network.report(conversionId, 'pending');
    await world.hasPostbacks(conversionId, 'retrying');
    await handle.cancel();
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'superseded', 'delivered');
  });

  it('goes on after a signal that is no message', async () => {
    const { conversionId, handle } = await openLead();
    const almost = { type: 'status', seq: 3, at: 'soon', conversionId, status: 'approved' };
    for (const message of [undefined, {}, { events: 'none' }, 'hello', { events: [null, {}, { seq: 3 }, almost] }]) {
      await handle.signal('leadEvents', message);
    }
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered');
  });

  it('goes on after an event that was made up, far beyond the latest', async () => {
    const { leadId, conversionId, handle } = await openLead();
    await signal(handle, { ...aTouch(), seq: 1000 });
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered');
    await world.hasApplied(leadId, 3);
  });

  it('settles no status that was made up, whichever conversion it names, and takes the real one in its place', async () => {
    const { leadId, conversionId, handle } = await openLead();
    const { offerId, advertiserId } = network;
    const madeUp = { type: 'status', offerId, advertiserId, status: 'approved', reason: null } as const;
    for (const named of [conversionId, 'made-up']) {
      await signal(handle, { ...madeUp, seq: 3, at: new Date().toISOString(), conversionId: named });
    }
    await network.report(conversionId, 'rejected');
    await world.hasPostbacks(conversionId, 'delivered');
    await world.hasApplied(leadId, 3);
    assert.deepEqual(await rewardsOf(network.db, conversionId), []);
    assert.deepEqual(
      tracker.received.map(({ query }) => query['status']),
      ['rejected'],
    );
  });

  it('rewards nobody for a touch that was made up', async () => {
    const rival = await network.partner(settingsFor(tracker.url));
    for (const at of [new Date().toISOString(), '2098-01-01T00:00:00.000Z']) {
      const { leadId, conversionId, handle } = await openLead();
      const { holder } = await handle.query(leadQuery);
      await signal(handle, { ...aTouch(rival), seq: 3, at });
      await network.report(conversionId, 'approved');
      await world.hasPostbacks(conversionId, 'delivered');
      await world.hasApplied(leadId, 3);
      const rewards = await rewardsOf(network.db, conversionId);
      assert.deepEqual(
        rewards.map(({ partner_id }) => partner_id),
        [holder?.partnerId],
      );
    }
  });
});

function aTouch(partnerId = 'nobody') {
  return { type: 'touch', at: new Date().toISOString(), partnerId, refId: 'r', refIdProblem: null } as const;
}

async function signal(handle: WorkflowHandle, event: LeadEvent): Promise<void> {
  await handle.signal(leadEvents, { events: [event] });
}
