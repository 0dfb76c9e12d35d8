import assert from 'node:assert/strict';
import { leadEvents, leadQuery } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { loseTail } from '../support/leads/lost-tail.ts';
import { startPrivateLeadWorld, type LeadWorld } from '../support/temporal/lead-world.ts';
import { postbacksOf, type Network } from '../support/network-in-database.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';

/** Five minutes lie between two attempts, so all of it happens while a postback waits for its second one. */
describe('a lead that is rebuilt while a postback is under way', function () {
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

  /** Event 1 once more, and as if committed later: the lead takes its number for one that was used again. */
  async function rebuild(leadId: string, appliedSeq: number): Promise<void> {
    const event = { type: 'touch', seq: 1, partnerId: 'x', refId: null, refIdProblem: null } as const;
    const at = new Date().toISOString();
    await world.handleOf(leadId).signal(leadEvents, { events: [{ ...event, at }] });
    await eventually(async () => assert.match(await storyOf(leadId), /rebuilt from Postgres/));
    await world.hasApplied(leadId, appliedSeq);
  }

  async function storyOf(leadId: string): Promise<string> {
    const metadata = '__temporal_workflow_metadata';
    return (await world.handleOf(leadId).query<{ currentDetails: string }>(metadata)).currentDetails;
  }

  async function underWay(leadId: string): Promise<string[]> {
    return (await world.handleOf(leadId).query(leadQuery)).delivering.map(({ postbackId }) => postbackId);
  }

  /** How often Temporal was asked to deliver or to review something. */
  async function stepsOf(leadId: string): Promise<Record<string, number>> {
    const { events } = await world.handleOf(leadId).fetchHistory();
    const names = (events ?? []).flatMap(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
    );
    const count = (wanted: string) => names.filter((name) => name === wanted).length;
    return { deliveries: count('deliverPostback'), reviews: count('reviewPostback') };
  }

  it('goes on with it, and tells nobody that it was superseded', async () => {
    tracker.answer(500);
    const { leadId, conversionId } = await network.aLead(await network.partner(settingsFor(tracker.url)));
    await network.report(conversionId, 'pending');
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'superseded', 'retrying');
    const [, approved] = await postbacksOf(network.db, conversionId);
    const before = await stepsOf(leadId);
    await rebuild(leadId, 4);
    assert.ok(!(await storyOf(leadId)).includes(`${approved?.postback_id} (approved) to partner`));
    assert.deepEqual(await underWay(leadId), [approved?.postback_id]);
    assert.deepEqual(await stepsOf(leadId), before);
  });

  it('R14: does not begin a handover a second time', async () => {
    tracker.answer(200, 500, 500);
    const loser = await network.partner(settingsFor(tracker.url, { handover: true }));
    const { leadId, conversionId } = await network.aLead(loser);
    await network.report(conversionId, 'pending');
    await world.hasPostbacks(conversionId, 'delivered');
    await network.touch(leadId, await network.partner(settingsFor(tracker.url)), 'click-2');
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered', 'retrying', 'retrying');
    const before = await stepsOf(leadId);
    await rebuild(leadId, 5);
    assert.equal((await underWay(leadId)).length, 2);
    assert.deepEqual(await stepsOf(leadId), before);
  });

  it('sends what came in its place at once, where Postgres has lost it', async () => {
    tracker.answer(500, 200);
    const { leadId, conversionId } = await network.aLead(await network.partner(settingsFor(tracker.url)));
    await network.report(conversionId, 'pending');
    await world.hasPostbacks(conversionId, 'retrying');
    await loseTail(network.db, { leadId, conversionId, lastSeq: 2 });
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered');
    await eventually(async () => assert.deepEqual(await underWay(leadId), []));
  });
});
