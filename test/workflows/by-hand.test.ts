import assert from 'node:assert/strict';
import { leadQuery, leadWorkflowId } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { startLeadWorldOn, type LeadWorld } from '../support/lead-world.ts';
import { postbacksOf, type Network } from '../support/network-in-database.ts';
import { startPrivateTemporal } from '../support/servers.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';

const policy = { windowMs: 60 * 60_000, postbackAttempts: 3, postbackIntervalMs: 300_000 };

describe('a lead in the hands of people', function () {
  this.timeout(60_000);
  let temporal: Awaited<ReturnType<typeof startPrivateTemporal>>;
  let world: LeadWorld;
  let network: Network;
  let tracker: PartnerServer;

  before(async () => {
    temporal = await startPrivateTemporal();
    world = await startLeadWorldOn(temporal.address, { policy, postbackTimeoutMs: 500 });
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

  async function leadWithConversion(partnerId: string) {
    const leadId = network.newLead();
    await network.touch(leadId, partnerId, 'click-1');
    const conversionId = await network.convert(leadId);
    const handle = world.client.workflow.getHandle(leadWorkflowId(leadId));
    await eventually(async () => assert.equal((await handle.query(leadQuery)).appliedSeq, 2));
    return { conversionId, handle };
  }

  async function expectStates(conversionId: string, ...states: string[]): Promise<void> {
    await eventually(async () =>
      assert.deepEqual(
        (await postbacksOf(network.db, conversionId)).map(({ state }) => state),
        states,
      ),
    );
  }

  it('goes on when its cancellation is asked for while it waits', async () => {
    const { conversionId, handle } = await leadWithConversion(await network.partner(settingsFor(tracker.url)));
    await handle.cancel();
    await network.report(conversionId, 'approved');
    await expectStates(conversionId, 'delivered');
  });

  it('goes on when its cancellation is asked for between two attempts', async () => {
    tracker.answer(500, 200);
    const { conversionId, handle } = await leadWithConversion(await network.partner(settingsFor(tracker.url)));
    await network.report(conversionId, 'pending');
    await expectStates(conversionId, 'retrying');
    await handle.cancel();
    await network.report(conversionId, 'approved');
    await expectStates(conversionId, 'superseded', 'delivered');
  });

  it('goes on after a signal that is no message', async () => {
    const { conversionId, handle } = await leadWithConversion(await network.partner(settingsFor(tracker.url)));
    for (const message of [undefined, {}, { events: 'none' }, 'hello', { events: [null, {}] }]) {
      await handle.signal('leadEvents', message);
    }
    await network.report(conversionId, 'approved');
    await expectStates(conversionId, 'delivered');
  });
});
