import assert from 'node:assert/strict';
import { NOT_STARTED } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { attemptsOf, postbacksOf, type Network } from '../support/network-in-database.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { testTemporal } from '../support/servers.ts';
import { startLeadWorldOn, type LeadWorld } from '../support/temporal/lead-world.ts';

describe('R11: attempts that the workflow knows nothing of', function () {
  this.timeout(150_000);
  let world: LeadWorld;
  let network: Network;
  let tracker: PartnerServer;

  before(async () => {
    const { address } = await testTemporal();
    world = await startLeadWorldOn(address);
    ({ network } = world);
    tracker = await startPartnerServer();
  });

  after(async () => {
    await world.stop();
    await tracker.stop();
  });

  beforeEach(() => tracker.forget());

  it('after a run is terminated in mid-call, a newer status is not sent before the older call has ended', async () => {
    let openGate = () => undefined as void;
    const gate = new Promise<void>((resolve) => (openGate = resolve));
    tracker.answer(async () => (await gate, 200), 200);
    const { leadId, conversionId } = await network.aLead(await network.partner(settingsFor(tracker.url)));
    await network.report(conversionId, 'pending');
    await eventually(() => assert.equal(tracker.received.length, 1));
    await world.handleOf(leadId).terminate('by hand');
    await network.report(conversionId, 'approved');

    await eventually(async () => assert.ok((await failuresOf(leadId)).includes(NOT_STARTED), 'not yet'));
    assert.deepEqual(await attempts(conversionId), { pending: ['running'], approved: [] });
    assert.equal(tracker.received.length, 1);
    openGate();
    await eventually(async () =>
      assert.deepEqual(await attempts(conversionId), { pending: ['delivered'], approved: ['delivered'] }),
    );
    assert.deepEqual(
      tracker.received.map(({ query }) => query['status']),
      ['pending', 'approved'],
    );
  });

  it('a newer status closes what a dead worker left running of the one it supersedes, also when it is not sent itself', async () => {
    tracker.answer(500);
    const settings = settingsFor(tracker.url, { statuses: ['pending'] });
    const { conversionId } = await network.aLead(await network.partner(settings));
    await network.report(conversionId, 'pending');
    await world.hasPostbacks(conversionId, 'retrying');
    const [pending] = await postbacksOf(network.db, conversionId);
    // As a worker leaves it that dies in mid-call; the next attempt is minutes away.
    const startedAt = network.db.raw(`now() - interval '1 minute'`);
    await network
      .db('postback_attempts')
      .where({ postback_id: pending?.postback_id })
      .update({ outcome: 'running', started_at: startedAt, ended_at: null });

    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'superseded', 'skipped');
    assert.deepEqual(await attempts(conversionId), { pending: ['interrupted'], approved: [] });
  });

  /** The outcomes of a conversion's attempts, by status. */
  async function attempts(conversionId: string): Promise<Record<string, string[]>> {
    const told: Record<string, string[]> = {};
    for (const { status, postback_id } of await postbacksOf(network.db, conversionId)) {
      told[status] = (await attemptsOf(network.db, postback_id)).map(({ outcome }) => outcome);
    }
    return told;
  }

  /** The types of the failures that activities of a lead's latest run have ended with. */
  async function failuresOf(leadId: string): Promise<(string | null | undefined)[]> {
    const { events } = await world.handleOf(leadId).fetchHistory();
    return (events ?? []).map(
      (event) => event.activityTaskFailedEventAttributes?.failure?.applicationFailureInfo?.type,
    );
  }
});
