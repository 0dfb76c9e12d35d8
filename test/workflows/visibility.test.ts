import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { newConversionId } from '../../src/new-ids.ts';
import { leadWorkflowId, searchAttributeKeys } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { startLeadWorldOn, type LeadWorld } from '../support/temporal/lead-world.ts';
import { attemptsOf, postbacksOf, type Network } from '../support/network-in-database.ts';
import { testTemporal } from '../support/servers.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';

const REF_ID = 'refers-to-a-person';

describe('what ops see of a lead in the Web UI', function () {
  this.timeout(120_000);
  let world: LeadWorld;
  let network: Network;
  let tracker: PartnerServer;
  let ann: string;
  let bob: string;

  before(async () => {
    const { address } = await testTemporal();
    world = await startLeadWorldOn(address);
    ({ network } = world);
    tracker = await startPartnerServer();
    [ann, bob] = [await network.partner(settingsFor(tracker.url)), await network.partner(settingsFor(tracker.url))];
  });

  after(async () => {
    await world.endLeads();
    await world.stop();
    await tracker.stop();
  });

  beforeEach(() => tracker.answer(200));

  /** A lead that begins with a direct link: touch and conversion in one click. */
  async function directLink(partnerId: string) {
    const [leadId, conversionId] = [network.newLead(), newConversionId()];
    const { offerId, advertiserId } = network;
    await network.clicks.record({
      leadId,
      touch: { partnerId, refId: REF_ID, refIdProblem: null, refIdSample: null },
      conversion: { conversionId, offerId, advertiserId },
    });
    await world.hasApplied(leadId, 2);
    return { leadId, conversionId, handle: world.handleOf(leadId) };
  }

  async function attributesOf(handle: WorkflowHandle): Promise<Record<string, unknown>> {
    const { typedSearchAttributes } = await handle.describe();
    const keys = Object.values(searchAttributeKeys);
    const found = keys.map((key) => [key.name, typedSearchAttributes.get<typeof key.type>(key)] as const);
    return Object.fromEntries(found.filter(([, value]) => value !== undefined));
  }

  async function countUpserts(handle: WorkflowHandle): Promise<number | undefined> {
    const { events } = await handle.fetchHistory();
    return events?.filter((event) => event.upsertWorkflowSearchAttributesEventAttributes).length;
  }

  async function detailsOf(handle: WorkflowHandle): Promise<string> {
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    return currentDetails;
  }

  /** Each behind what it is the summary of: the name of a regular activity, or what stands for a local one, or a timer. */
  async function summariesOf(handle: WorkflowHandle): Promise<string[]> {
    const { events } = await handle.fetchHistory();
    return (events ?? []).flatMap(({ userMetadata, ...event }) => {
      if (!userMetadata?.summary) return [];
      const { activityTaskScheduledEventAttributes: activity, markerRecordedEventAttributes: marker } = event;
      const what = activity?.activityType?.name ?? marker?.markerName ?? 'timer';
      return [`${what}: ${defaultPayloadConverter.fromPayload<string>(userMetadata.summary)}`];
    });
  }

  async function settledAs(conversionId: string, count: number, state: string): Promise<string> {
    return await eventually(async () => {
      const postback = (await postbacksOf(network.db, conversionId))[count - 1];
      assert.equal(postback?.state, state);
      return postback.postback_id;
    });
  }

  it('a lead starts with its search attributes', async () => {
    const { conversionId, handle } = await directLink(ann);
    assert.deepEqual(await attributesOf(handle), {
      LeadStatus: 'open',
      LinkedPartner: ann,
      Conversions: [conversionId],
      Advertisers: [network.advertiserId],
    });
    assert.equal(await countUpserts(handle), 0);
  });

  it('a lead of the house is found as such', async () => {
    const { leadId } = await network.aLead(null);
    await world.hasApplied(leadId, 1);
    const handle = world.handleOf(leadId);
    assert.equal((await attributesOf(handle))['LinkedPartner'], 'house');
    assert.equal(await countUpserts(handle), 0);
  });

  it('search attributes are changed only by a real change', async () => {
    const { leadId, conversionId, handle } = await directLink(ann);
    await network.touch(leadId, ann, 'another-visit');
    await world.hasApplied(leadId, 3);
    assert.equal(await countUpserts(handle), 0);

    await network.touch(leadId, bob);
    await world.hasApplied(leadId, 4);
    assert.equal((await attributesOf(handle))['LinkedPartner'], bob);
    assert.equal(await countUpserts(handle), 1);

    await network.report(conversionId, 'approved');
    await world.hasApplied(leadId, 5);
    await settledAs(conversionId, 1, 'skipped');
    assert.equal((await attributesOf(handle))['LeadStatus'], 'approved');
    assert.equal(await countUpserts(handle), 2);

    const second = await network.convert(leadId);
    await world.hasApplied(leadId, 6);
    await network.report(second, 'approved');
    await world.hasApplied(leadId, 7);
    const { Conversions: conversions, Advertisers: advertisers } = await attributesOf(handle);
    assert.deepEqual(
      { conversions, advertisers },
      { conversions: [conversionId, second], advertisers: [network.advertiserId] },
    );
    assert.equal(await countUpserts(handle), 3);
  });

  it('the details tell who holds the lead, its last status, and what is being sent', async () => {
    tracker.answer(500);
    const { conversionId, handle } = await directLink(ann);
    assert.match(await detailsOf(handle), new RegExp(`^Held by partner \`${ann}\`\\. Status: \\*\\*open\\*\\*\\.`));

    await network.report(conversionId, 'pending');
    const postbackId = await settledAs(conversionId, 1, 'retrying');
    const sending = await detailsOf(handle);
    assert.ok(sending.includes('Status: **pending**'), sending);
    assert.ok(sending.includes('Being sent (3 attempts, 300 s apart'), sending);
    assert.ok(sending.includes(`- **pending** → partner \`${ann}\`, postback \`${postbackId}\``), sending);

    tracker.answer(200);
    await network.report(conversionId, 'approved');
    const delivered = await settledAs(conversionId, 2, 'delivered');
    await eventually(async () => {
      const done = await detailsOf(handle);
      assert.ok(done.includes('Status: **approved**') && !done.includes('Being sent'), done);
      assert.ok(done.includes(`postback ${postbackId} (pending) to partner ${ann} superseded`), done);
      assert.ok(done.includes(`postback ${delivered} (approved) to partner ${ann} delivered`), done);
    });
  });

  it('the pending activity shows which attempt failed, why, and when the next one is', async () => {
    tracker.answer(503);
    const { conversionId, handle } = await directLink(ann);
    await network.report(conversionId, 'approved');
    const postbackId = await settledAs(conversionId, 1, 'retrying');
    const pending = await eventually(async () => {
      const [activity] = (await handle.describe()).raw.pendingActivities ?? [];
      assert.ok(activity?.lastFailure, 'not yet');
      return activity;
    });
    assert.equal(pending.activityType?.name, 'deliverPostback');
    assert.equal(pending.attempt, 2);
    assert.match(pending.lastFailure?.message ?? '', new RegExp(`Attempt 1 of 3 of postback ${postbackId}: HTTP 503`));
    const waitMs = Number(pending.nextAttemptScheduleTime?.seconds) * 1000 - Date.now();
    assert.ok(waitMs > 250_000 && waitMs <= 301_000, `${waitMs}`);
    assert.equal((await attemptsOf(network.db, postbackId)).length, 1);
  });

  it('activities and timers are summarised', async () => {
    const { conversionId, handle } = await directLink(ann);
    await network.report(conversionId, 'approved');
    await settledAs(conversionId, 1, 'delivered');
    // A machine that is busy may settle it a second time.
    const settledAgain = `settle: approved → partner ${ann}`;
    assert.deepEqual((await summariesOf(handle)).filter((summary) => summary !== settledAgain).sort(), [
      `core_local_activity: approved → partner ${ann}`,
      `deliverPostback: approved → partner ${ann}`,
      'timer: window of the lead',
    ]);
  });

  it('no ref_id stands in details, search attributes or summaries', async () => {
    tracker.answer(500);
    const { conversionId, handle } = await directLink(ann);
    await network.report(conversionId, 'approved');
    await settledAs(conversionId, 1, 'retrying');
    const shown = [await attributesOf(handle), await detailsOf(handle), await summariesOf(handle)];
    assert.ok(JSON.stringify(shown).includes(ann));
    assert.ok(!JSON.stringify(shown).includes(REF_ID), JSON.stringify(shown));
  });

  it('leads are found by their partner and status', async () => {
    const cat = await network.partner(settingsFor(tracker.url));
    const { leadId, conversionId } = await directLink(cat);
    await directLink(ann);
    await network.report(conversionId, 'approved');
    const query = `LinkedPartner = '${cat}' and LeadStatus = 'approved' and Conversions = '${conversionId}'`;
    await eventually(async () => {
      const found: string[] = [];
      for await (const { workflowId } of world.client.workflow.list({ query })) found.push(workflowId);
      assert.deepEqual(found, [leadWorkflowId(leadId)]);
    });
  });
});
