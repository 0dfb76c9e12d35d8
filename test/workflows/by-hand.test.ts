import { startLeadWorldOn, type LeadWorld } from '../support/lead-world.ts';
import type { Network } from '../support/network-in-database.ts';
import { startPrivateTemporal } from '../support/servers.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';

describe('a lead in the hands of people', function () {
  this.timeout(60_000);
  let temporal: Awaited<ReturnType<typeof startPrivateTemporal>>;
  let world: LeadWorld;
  let network: Network;
  let tracker: PartnerServer;

  before(async () => {
    temporal = await startPrivateTemporal();
    world = await startLeadWorldOn(temporal.address);
    ({ network } = world);
  });

  after(async () => {
    await world.stop();
    await temporal.kill('SIGKILL');
  });

  beforeEach(async () => {
    tracker = await startPartnerServer();
  });

  afterEach(() => tracker.stop());

  async function openLead() {
    const { leadId, conversionId } = await network.aLead(await network.partner(settingsFor(tracker.url)));
    await world.hasApplied(leadId, 2);
    return { conversionId, handle: world.handleOf(leadId) };
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
    for (const message of [undefined, {}, { events: 'none' }, 'hello', { events: [null, {}] }]) {
      await handle.signal('leadEvents', message);
    }
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered');
  });
});
