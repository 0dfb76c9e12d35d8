import assert from 'node:assert/strict';
import { searchAttributeKeys } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { startLeadWorldOn, type LeadWorld } from '../support/temporal/lead-world.ts';
import { postbacksOf, rewardsOf, type Network } from '../support/network-in-database.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { policy } from '../support/policy.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { startPrivateTemporal } from '../support/servers.ts';

const REF_ID = 'refers-to-a-person';
// Long enough for a busy machine to tell the lead of two touches.
const SHORT_WINDOW_MS = 7000;

describe('a lead that starts asleep', function () {
  this.timeout(120_000);
  let temporal: Awaited<ReturnType<typeof startPrivateTemporal>>;
  let tracker: PartnerServer;
  let world: LeadWorld;
  let network: Network;
  let ann: string;
  let bob: string;

  before(async () => {
    // A server of its own: a world takes work from every lead of its server.
    temporal = await startPrivateTemporal();
    tracker = await startPartnerServer();
  });

  after(async () => {
    await tracker.stop();
    await temporal.kill('SIGKILL');
  });

  beforeEach(() => tracker.forget());

  afterEach(() => world.stop());

  async function startWorld(windowMs = policy.windowMs): Promise<void> {
    world = await startLeadWorldOn(temporal.address, { startsAsleep: true, policy: { ...policy, windowMs } });
    ({ network } = world);
    [ann, bob] = [await network.partner(settingsFor(tracker.url)), await network.partner(settingsFor(tracker.url))];
  }

  async function isRelayed(): Promise<void> {
    await eventually(async () => assert.deepEqual(await network.db('outbox').select('lead_id'), []));
  }

  async function lastTouchAt(leadId: string): Promise<number> {
    const touches = await network.db('lead_events').where({ lead_id: leadId, type: 'touch' }).max('at as at').first();
    return Date.parse((touches as { at: string }).at);
  }

  /** A lead of ann's that Temporal has heard of. */
  async function aSleeper() {
    const leadId = network.newLead();
    await network.touch(leadId, ann, REF_ID);
    await isRelayed();
    return { leadId, handle: world.handleOf(leadId) };
  }

  it('is told by its summary and details, and is found by its search attributes', async () => {
    await startWorld();
    const { leadId, handle } = await aSleeper();
    const described = await handle.describe();
    assert.equal(await described.staticSummary(), `began with partner ${ann}`);
    const details = (await described.staticDetails()) ?? '';
    const [, openUntil = ''] = /open until (\S+) at least/.exec(details) ?? [];
    assert.equal(Date.parse(openUntil), (await lastTouchAt(leadId)) + policy.windowMs);
    assert.match(details, /It starts asleep/);
    assert.ok(!details.includes(REF_ID), details);
    assert.equal(described.typedSearchAttributes.get(searchAttributeKeys.linkedPartner), ann);
    assert.equal(described.typedSearchAttributes.get(searchAttributeKeys.leadStatus), 'open');
  });

  it('answers no query, and Temporal says why', async () => {
    await startWorld();
    const { handle } = await aSleeper();
    await assert.rejects(handle.query('lead'), ({ cause }: Error) => {
      assert.match(String(cause), /Workflow task is not scheduled yet/);
      return true;
    });
  });

  it('wakes for a status, which goes to the partner who holds it by then', async () => {
    await startWorld();
    const { leadId } = await aSleeper();
    const conversionId = await network.convert(leadId);
    await network.touch(leadId, bob, 'of-bob');
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered');
    const partnersOf = (rows: { partner_id: string | null }[]) => rows.map((row) => row.partner_id);
    assert.deepEqual(partnersOf(await postbacksOf(network.db, conversionId)), [bob]);
    assert.deepEqual(partnersOf(await rewardsOf(network.db, conversionId)), [bob]);
    assert.deepEqual(
      tracker.received.map(({ query }) => query['ref']),
      ['of-bob'],
    );
  });

  it('ends as expired when its window is over, which later touches of its partner have moved', async () => {
    await startWorld(SHORT_WINDOW_MS);
    const { leadId, handle } = await aSleeper();
    await network.touch(leadId, ann);
    const { outcome, appliedSeq } = (await handle.result()) as { outcome: string; appliedSeq: number };
    assert.deepEqual({ outcome, appliedSeq }, { outcome: 'expired', appliedSeq: 2 });
    const { closeTime, typedSearchAttributes } = await handle.describe();
    assert.ok((closeTime?.getTime() ?? 0) >= (await lastTouchAt(leadId)) + SHORT_WINDOW_MS);
    assert.equal(typedSearchAttributes.get(searchAttributeKeys.leadStatus), 'expired');
  });
});
