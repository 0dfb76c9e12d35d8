import assert from 'node:assert/strict';
import { createRedelivery } from '../../src/db/replays/redelivery.ts';
import { askReplay } from '../../src/db/replays/replays.ts';
import { searchAttributeKeys } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { startPrivateTemporal, testTemporal } from '../support/servers.ts';
import { startReplayWorld, type ReplayWorld } from './replay-world.ts';

const HISTORY_LIMIT = '40';
const SILENT_MS = 1500;

describe('the workflow of a replay', function () {
  this.timeout(120_000);
  let world: ReplayWorld;

  before(async () => {
    const { address } = await testTemporal();
    world = await startReplayWorld(address, { silentMs: SILENT_MS });
  });

  after(() => world.stop());

  beforeEach(() => world.stage.forget());

  it('begins when the replay is committed, sends everything, and shows in the Web UI what it did', async () => {
    const ann = await world.partnerWithFailed(5);
    const replayId = await world.stage.replayOf(ann);
    await world.hasReplay(ann, replayId, { state: 'done', delivered: 5 });
    assert.equal(world.stage.sent.length, 5);
    const handle = world.handleOf(replayId);
    assert.deepEqual(await handle.result(), { state: 'done', total: 5, delivered: 5, refused: 0, skipped: 0 });
    const description = await handle.describe();
    assert.equal(await description.staticSummary(), `replay of 5 postbacks → partner ${ann}`);
    assert.equal(description.typedSearchAttributes.get(searchAttributeKeys.linkedPartner), ann);
    assert.match(await detailsOf(replayId), /\*\*done\*\*, 5 of 5 postbacks dealt with/);
  });

  it('sends one postback that was asked for by name', async () => {
    const ann = await world.partnerWithFailed(2);
    const row = await world.stage
      .db('postbacks')
      .where({ partner_id: ann })
      .first<{ postback_id: string }>('postback_id');
    const redelivery = await createRedelivery(world.stage.db, { partnerId: ann, postbackId: row.postback_id });
    assert.ok(redelivery);
    await world.hasReplay(ann, redelivery.replay_id, { state: 'done', total: 1, delivered: 1 });
    assert.deepEqual(
      world.stage.sent.map(({ postbackId }) => postbackId),
      [row.postback_id],
    );
  });

  it('waits while it is paused without doing anything, and goes on when it is resumed', async () => {
    const ann = await world.partnerWithFailed(24);
    const replayId = await world.stage.replayOf(ann, { ratePerSecond: 5 });
    const ask = (what: 'pause' | 'resume') => askReplay(world.stage.db, { partnerId: ann, replayId, ask: what });
    await eventually(() => assert.ok(world.stage.sent.length >= 2, 'not yet'));
    await ask('pause');
    await world.hasReplay(ann, replayId, { state: 'paused' });
    // The workflow hears of it a moment after Postgres.
    await eventually(async () => assert.match(await detailsOf(replayId), /\*\*paused\*\*/));
    const { raw } = await world.handleOf(replayId).describe();
    assert.deepEqual([raw.pendingActivities, raw.pendingWorkflowTask], [[], null]);
    const { events = [] } = await world.handleOf(replayId).fetchHistory();
    assert.equal(
      events?.some(({ timerStartedEventAttributes }) => timerStartedEventAttributes),
      false,
    );
    await ask('resume');
    await world.hasReplay(ann, replayId, { state: 'done', delivered: 24 });
    assert.equal(world.stage.sent.length, 24);
  });

  it('ends when its replay is cancelled, also while it is paused', async () => {
    const ann = await world.partnerWithFailed(20);
    const replayId = await world.stage.replayOf(ann, { ratePerSecond: 5 });
    const ask = (what: 'pause' | 'cancel') => askReplay(world.stage.db, { partnerId: ann, replayId, ask: what });
    await ask('pause');
    await world.hasReplay(ann, replayId, { state: 'paused' });
    await ask('cancel');
    assertFields((await world.handleOf(replayId).result()) as object, { state: 'cancelled' });
    assert.ok(world.stage.sent.length < 20);
  });

  it('cancels its replay when it is cancelled in the Web UI', async () => {
    const ann = await world.partnerWithFailed(200);
    const replayId = await world.stage.replayOf(ann, { ratePerSecond: 10 });
    await eventually(() => assert.ok(world.stage.sent.length >= 2, 'not yet'));
    await world.handleOf(replayId).cancel();
    await world.hasReplay(ann, replayId, { state: 'cancelled' });
    assertFields((await world.handleOf(replayId).result()) as object, { state: 'cancelled' });
    assert.ok(world.stage.sent.length < 200);
  });

  it('is started anew when it is lost', async () => {
    const ann = await world.partnerWithFailed(30);
    const replayId = await world.stage.replayOf(ann, { ratePerSecond: 10 });
    await eventually(() => assert.ok(world.stage.sent.length >= 2, 'not yet'));
    await world.handleOf(replayId).terminate();
    await world.hasReplay(ann, replayId, { state: 'done', delivered: 30 });
    assert.equal(world.stage.sent.length, 30);
  });

  async function detailsOf(replayId: string): Promise<string> {
    const metadata = await world.handleOf(replayId).query<{ currentDetails: string }>('__temporal_workflow_metadata');
    return metadata.currentDetails;
  }
});

describe('the workflow of a long replay', function () {
  this.timeout(120_000);

  it('goes on in new runs, so that no history grows long', async () => {
    const temporal = await startPrivateTemporal({
      dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': HISTORY_LIMIT },
    });
    const world = await startReplayWorld(temporal.address, { replaying: { batchMs: 20 } });
    const ann = await world.partnerWithFailed(60);
    const replayId = await world.stage.replayOf(ann, { ratePerSecond: 50 });
    await world.hasReplay(ann, replayId, { state: 'done', delivered: 60 });
    assert.equal(world.stage.sent.length, 60);
    const { raw } = await world.handleOf(replayId).describe();
    const { firstRunId, execution, historyLength } = raw.workflowExecutionInfo ?? {};
    assert.notEqual(firstRunId, execution?.runId);
    assert.ok(Number(historyLength) < 2 * Number(HISTORY_LIMIT));
    await world.stop();
    await temporal.kill('SIGKILL');
  });
});
