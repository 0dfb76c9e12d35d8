import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { applyEvent, newLead } from '../../src/domain/lead.ts';
import {
  LEAD_WORKFLOW,
  leadEvents,
  leadQuery,
  leadWorkflowId,
  type LeadActivities,
  type LeadInput,
  type LeadOutcome,
} from '../../workflows/contract.ts';
import { conversion, numbered, status, touch } from '../support/leads/events.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { runsOf, signalsOf } from '../support/temporal/lead-history.ts';
import { startLeadWorldOn, type LeadWorld } from '../support/temporal/lead-world.ts';
import { rewardsOf, type Network } from '../support/network-in-database.ts';
import { startPrivateTemporal } from '../support/servers.ts';
import { connectToTemporal } from '../support/temporal/connection.ts';
import { createTestLeadWorkers } from '../support/temporal/lead-workers.ts';
import { isoTimeOf, startTimeSkipping } from '../support/temporal/time-skipping.ts';
import { policy } from '../support/policy.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { createKeepingActivities, startLeadWith } from './lead-without-database.ts';

const HISTORY_LIMIT = '15';
// Each touch that arrives on its own costs four history events.
const TOUCHES_FOR_A_NEW_RUN = 4;

describe('a lead that continues as new', function () {
  this.timeout(120_000);
  let temporal: Awaited<ReturnType<typeof startPrivateTemporal>>;
  let world: LeadWorld;
  let network: Network;
  let tracker: PartnerServer;
  let eventsPerPage: number;

  before(async () => {
    temporal = await startPrivateTemporal({
      dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': HISTORY_LIMIT },
    });
    world = await startLeadWorldOn(temporal.address, {
      around: (activities) => ({
        ...activities,
        loadLeadEvents: async (input) => (await activities.loadLeadEvents(input)).slice(0, eventsPerPage),
      }),
    });
    ({ network } = world);
  });

  after(async () => {
    await world.stop();
    await temporal.kill('SIGKILL');
  });

  beforeEach(async () => {
    eventsPerPage = Infinity;
    tracker = await startPartnerServer();
  });

  afterEach(() => tracker.stop());

  /** A lead that was the house's until a partner's link brought it back. */
  async function leadOf(partnerId: string, refId: string) {
    const lead = await network.aLead(null);
    await network.touch(lead.leadId, partnerId, refId);
    return lead;
  }

  async function appliedBy(leadId: string): Promise<number> {
    return (await world.handleOf(leadId).query(leadQuery)).appliedSeq;
  }

  /** Touches that are handled one by one. */
  async function touchOneByOne(leadId: string, partnerId: string, count: number, refId?: string): Promise<void> {
    const { last_seq: before } = await network.db('leads').where({ lead_id: leadId }).first<{ last_seq: number }>();
    await world.hasApplied(leadId, before);
    for (let seq = before + 1; seq <= before + count; seq++) {
      await network.touch(leadId, partnerId, refId);
      await world.hasApplied(leadId, seq);
    }
  }

  it('carries attribution and window on, and loses and doubles nothing', async () => {
    const [ann, bob] = [
      await network.partner(settingsFor(tracker.url)),
      await network.partner(settingsFor(tracker.url)),
    ];
    const { leadId, conversionId } = await leadOf(ann, 'a1');
    await network.report(conversionId, 'pending');
    await world.hasPostbacks(conversionId, 'delivered');
    await touchOneByOne(leadId, bob, TOUCHES_FOR_A_NEW_RUN, 'b1');
    await touchOneByOne(leadId, bob, TOUCHES_FOR_A_NEW_RUN);

    const runs = await runsOf(world.client, leadId);
    assert.ok(runs.length >= 3, `${runs.length} runs`);
    const signalled = await Promise.all(runs.map((runId) => signalsOf(world.client, leadId, runId)));
    const last = 3 + 2 * TOUCHES_FOR_A_NEW_RUN;
    assert.deepEqual(
      signalled.flat(2),
      Array.from({ length: last }, (_, index) => index + 1),
    );

    const view = await world.handleOf(leadId).query(leadQuery);
    const latest = await network.db('lead_events').where({ lead_id: leadId, seq: last }).first<{ at: string }>('at');
    assert.equal(view.openUntil, new Date(Date.parse(latest.at) + policy.windowMs).toISOString());
    assertFields(view.holder, { partnerId: bob, refId: 'b1' });
    assertFields(view, { appliedSeq: last, status: 'pending' });
    assert.equal(view.conversions.length, 1);

    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered', 'delivered');
    await network.touch(leadId, ann, 'a2');
    await touchOneByOne(leadId, ann, TOUCHES_FOR_A_NEW_RUN);
    await network.report(conversionId, 'rejected');
    await world.hasPostbacks(conversionId, 'delivered', 'delivered', 'delivered');
    assert.deepEqual(
      (await rewardsOf(network.db, conversionId)).map(({ partner_id, kind }) => ({ partner_id, kind })),
      [
        { partner_id: bob, kind: 'booked' },
        { partner_id: bob, kind: 'revoked' },
      ],
    );
    assert.deepEqual(
      tracker.received.map(({ query: { status, ref } }) => ({ status, ref })),
      [
        { status: 'pending', ref: 'a1' },
        { status: 'approved', ref: 'b1' },
        { status: 'rejected', ref: 'b1' },
      ],
    );
  });

  it('shows ops the same lead as before, without having changed anything', async () => {
    const ann = await network.partner(settingsFor(tracker.url));
    const { leadId, conversionId } = await leadOf(ann, 'a1');
    // To the very touch that ends the first run: nothing has happened in the next one yet.
    let runs: string[] = [];
    while (runs.length < 2) {
      await touchOneByOne(leadId, ann, 1);
      runs = await runsOf(world.client, leadId);
    }
    const handle = world.handleOf(leadId);
    const latest = runs.at(-1);
    const { typedSearchAttributes } = await handle.describe();
    const attributes = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    assertFields(attributes, { LinkedPartner: ann, Conversions: [conversionId] });
    const { events } = await world.client.workflow.getHandle(leadWorkflowId(leadId), latest).fetchHistory();
    assert.ok(!events?.some((event) => event.upsertWorkflowSearchAttributesEventAttributes));
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    assert.ok(currentDetails.includes(`Held by partner \`${ann}\``), `"${currentDetails}"`);
    assert.ok(currentDetails.includes(`touch by partner ${ann}`), `"${currentDetails}"`);
  });

  it('waits for a postback that is under way, and goes on as soon as it has ended', async () => {
    tracker.answer(500, 200);
    const ann = await network.partner(settingsFor(tracker.url));
    const { leadId, conversionId } = await leadOf(ann, 'click-1');
    await network.report(conversionId, 'pending');
    await world.hasPostbacks(conversionId, 'retrying');
    await touchOneByOne(leadId, ann, 2 * TOUCHES_FOR_A_NEW_RUN);
    assert.equal((await runsOf(world.client, leadId)).length, 1);

    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'superseded', 'delivered');
    await eventually(async () => assert.equal((await runsOf(world.client, leadId)).length, 2));
    await network.report(conversionId, 'rejected');
    await world.hasPostbacks(conversionId, 'superseded', 'delivered', 'delivered');
    assert.deepEqual(
      tracker.received.map(({ query }) => query['status']),
      ['pending', 'approved', 'rejected'],
    );
  });

  it('that has to continue while it fetches what it lacks keeps the event that showed the gap', async () => {
    const ann = await network.partner(settingsFor(tracker.url));
    const { leadId, conversionId } = await leadOf(ann, 'click-1');
    for (let touches = 0; touches < 6; touches++) await network.touch(leadId, ann);
    await world.hasApplied(leadId, 8);
    await world.handleOf(leadId).terminate('the store is lost');
    eventsPerPage = 1;
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered');
    assert.ok((await runsOf(world.client, leadId)).length > 1);
  });

  it('is rechecked in its next run when its last one had no time for it', async () => {
    const connected = await connectToTemporal(temporal.address);
    const facts = numbered([touch('ann', 'a1'), conversion(), touch('ann')], { at: new Date().toISOString() });
    let rechecks = 0;
    const { handle, createWorker } = await startLeadWith({
      temporal: connected,
      events: facts,
      activities: {
        ...createKeepingActivities([]),
        loadLeadEvents: async ({ afterSeq }) => facts.slice(afterSeq),
        findUnfinished: async () => (rechecks++, { hasUnsettled: false, open: [] }),
      },
    });
    const hasApplied = async () => assert.equal((await handle.query(leadQuery)).appliedSeq, facts.length);
    await (await createWorker()).runUntil(() => eventually(hasApplied));
    // All in one task, which then begins with a history that is long enough.
    for (let repeats = 0; repeats < Number(HISTORY_LIMIT); repeats++) {
      await handle.signal(leadEvents, { events: facts.slice(-1), recheck: true });
    }
    await (await createWorker()).runUntil(() => eventually(() => assert.ok(rechecks > 0, 'not yet')));
    await handle.terminate();
    await connected.close();
  });

  it('rebuilds a long lead over several runs', async () => {
    const ann = await network.partner(settingsFor(tracker.url));
    const { leadId, conversionId } = await leadOf(ann, 'click-1');
    const { clicks } = network;
    const visit = { partnerId: ann, refId: null, refIdProblem: null, refIdSample: null };
    await Promise.all(Array.from({ length: 1000 }, () => clicks.record({ leadId, touch: visit, conversion: null })));
    await world.hasApplied(leadId, 1002);
    await world.handleOf(leadId).terminate('the store is lost');
    await network.report(conversionId, 'approved');
    await world.hasPostbacks(conversionId, 'delivered');
    assert.equal(await appliedBy(leadId), 1003);
    assert.equal(tracker.received[0]?.query.ref, 'click-1');
  });
});

// Where time is skipped, because it waits for an attempt and for the end of the window.
describe('a continued run', function () {
  this.timeout(120_000);
  let env: TestWorkflowEnvironment;

  before(async () => {
    env = await startTimeSkipping();
  });

  after(() => env.teardown());

  it('takes up what was being sent where it stands, and fetches what it has heard of', async () => {
    const leadId = randomUUID();
    const taskQueue = `lead-${leadId}`;
    const at = await isoTimeOf(env);
    const facts = numbered([touch('ann', 'a1'), conversion(), status('pending'), touch('bob')], { at });
    const delivering = { conversionId: 'c1', seq: 3, partnerId: 'ann', status: 'pending', isHandover: false } as const;
    const done: string[] = [];
    const workers = await createTestLeadWorkers({
      connection: env.nativeConnection,
      taskQueue,
      activities: {
        ...createKeepingActivities([]),
        loadLeadEvents: async ({ afterSeq }) => facts.slice(afterSeq),
        reviewPostback: async () => (done.push('reviewed'), { attemptsLeft: 2, retryInMs: 120_000 }),
        deliverPostback: async () => (done.push('delivered'), { result: 'delivered' }),
      } satisfies LeadActivities,
    });
    const input: LeadInput = {
      leadId,
      policy,
      state: facts.slice(0, 3).reduce(applyEvent, newLead()),
      knownSeq: 4,
      delivering: [{ ...delivering, postbackId: 'p3', attemptsLeft: 3 }],
    };
    const workflowId = leadWorkflowId(leadId);
    const handle = await env.client.workflow.start(LEAD_WORKFLOW, { workflowId, taskQueue, args: [input] });
    const outcome = (await workers.runUntil(handle.result())) as LeadOutcome;

    assert.deepEqual(done, ['reviewed', 'delivered']);
    assertFields(outcome, { outcome: 'pending', appliedSeq: 4 });
    const { events } = await handle.fetchHistory();
    const waits = events?.flatMap(({ timerStartedEventAttributes: timer }) =>
      Number(timer?.startToFireTimeout?.seconds ?? []),
    );
    assert.ok(waits?.includes(120), JSON.stringify(waits));
  });
});
