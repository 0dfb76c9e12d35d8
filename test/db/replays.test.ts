import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { connectReplayDb } from '../../src/db/connect.ts';
import { createRedelivery } from '../../src/db/replays/redelivery.ts';
import { previewReplay, proposeReplay } from '../../src/db/replays/replay-previews.ts';
import { askReplay, createReplay, listReplays, readReplay, type ReplayRange } from '../../src/db/replays/replays.ts';
import { updatePartner } from '../../src/db/partners.ts';
import { AppError } from '../../src/errors.ts';
import { createTestDatabase } from '../support/database.ts';
import { aPostback } from '../support/ended-postbacks.ts';
import { assertFields } from '../support/fields.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';
import { plansOf, SCAN_OF_LARGE_TABLE } from '../support/plans.ts';
import { settingsFor } from '../support/postback-settings.ts';

const settings = settingsFor('https://t.example/?c={ref_id}');
const HOUR_MS = 60 * 60 * 1000;

describe('replays', () => {
  let network: Network;
  let db: Knex;
  let url: string;
  let ann: string;

  before(async () => {
    const database = await createTestDatabase();
    ({ url } = database);
    network = await createNetwork(database);
    ({ db } = network);
  });

  after(() => network.close());

  beforeEach(async () => {
    ann = await network.partner(settings);
  });

  function lastHour(changes: Partial<ReplayRange> = {}): ReplayRange {
    const [from, to] = [-HOUR_MS, HOUR_MS].map((ms) => new Date(Date.now() + ms).toISOString()) as [string, string];
    return { partnerId: ann, from, to, ...changes };
  }

  /** A conversion whose first status has failed, with a newer one of its own. */
  async function overtakenBy(newer: Partial<Parameters<typeof aPostback>[1]>) {
    const older = await aPostback(db, { partnerId: ann, status: 'pending', attempts: [500] });
    await aPostback(db, { partnerId: ann, conversionId: older.conversionId, seq: 4, ...newer });
    return older;
  }

  const refusal = (pattern: RegExp) => (error: unknown) => {
    assert.ok(error instanceof AppError && error.kind === 'conflict', String(error));
    assert.match(error.message, pattern);
    return true;
  };

  /** A replay that has ended at once, so that it is in nobody's way. */
  async function replayThatEnds(range: ReplayRange) {
    const replay = await createReplay(db, range);
    await db('replays').where({ replay_id: replay.replay_id }).update({ state: 'cancelled', ended_at: db.fn.now() });
    return replay;
  }

  it('counts what failed, and what was skipped for want of a URL, within its time', async () => {
    for (const secondsAgo of [10, 3500, 3700]) await aPostback(db, { partnerId: ann, secondsAgo });
    await aPostback(db, { partnerId: ann, state: 'skipped', skipReason: 'not_configured' });
    for (const skipReason of ['status_off', 'no_ref_id'] as const) {
      const refId = skipReason === 'no_ref_id' ? null : 'click-1';
      await aPostback(db, { partnerId: ann, state: 'skipped', skipReason, refId });
    }
    for (const state of ['delivered', 'superseded', 'scheduled', 'retrying'] as const) {
      await aPostback(db, { partnerId: ann, state });
    }
    await aPostback(db, { partnerId: await network.partner(settings) });

    const replay = await createReplay(db, { ...lastHour(), ratePerSecond: 2.5 });
    await db('replays').where({ partner_id: ann }).update({ state: 'cancelled', ended_at: db.fn.now() });
    assertFields(replay, {
      ...{ partner_id: ann, postback_id: null, states: ['failed', 'skipped'], rate_per_second: 2.5 },
      ...{ asked: 'run', state: 'running', total: 3, delivered: 0, refused: 0, skipped: 0, ended_at: null },
    });
    assert.ok(Date.parse(replay.to_at ?? '') <= Date.now(), 'it ends where it began');
    assert.equal((await replayThatEnds(lastHour({ includeDelivered: true }))).total, 4);
    assert.equal((await replayThatEnds(lastHour({ states: ['skipped'] }))).total, 1);
    assert.equal((await replayThatEnds(lastHour({ states: ['delivered'] }))).total, 1);
  });

  it('with nothing to send has ended at once', async () => {
    const { from, to } = lastHour();
    for (const range of [lastHour(), lastHour({ from: to, to: from })]) {
      const replay = await createReplay(db, range);
      assertFields(replay, { state: 'done', total: 0 });
      assert.notEqual(replay.ended_at, null);
    }
    const told = await db('replays').where({ partner_id: ann }).whereNotNull('tell_at').select('replay_id');
    assert.deepEqual(told, []);
  });

  it('is refused without a URL to send to, and beside ten others', async () => {
    const bob = await network.partner(null);
    await assert.rejects(createReplay(db, lastHour({ partnerId: bob })), refusal(/no postback URL/));
    await aPostback(db, { partnerId: ann });
    const ids: string[] = [];
    for (let count = 0; count < 10; count++) ids.push((await replayThatEnds(lastHour())).replay_id);
    // As ten of other times.
    const before = { from_at: '2020-01-01T00:00:00Z', to_at: '2020-01-02T00:00:00Z' };
    await db('replays')
      .whereIn('replay_id', ids)
      .update({ state: 'running', ended_at: null, ...before });
    await assert.rejects(createReplay(db, lastHour()), refusal(/^10 replays are under way/));
  });

  it('is refused while another of a part of its time runs or is paused, however close they come', async () => {
    await aPostback(db, { partnerId: ann });
    const [one, two] = await Promise.allSettled([createReplay(db, lastHour()), createReplay(db, lastHour())]);
    const [begun, refused] = one.status === 'fulfilled' ? [one, two] : [two, one];
    assert.ok(begun.status === 'fulfilled' && refused.status === 'rejected');
    const { replay_id: replayId } = begun.value;
    assert.ok(refusal(new RegExp(`Replay ${replayId}, of a part of this time, is running`))(refused.reason));
    await db('replays').where({ replay_id: replayId }).update({ state: 'paused' });
    await assert.rejects(createReplay(db, lastHour()), refusal(/is paused/));
    assertFields(await createReplay(db, lastHour({ states: ['delivered'] })), { total: 0 });
    await askReplay(db, { partnerId: ann, replayId, ask: 'cancel' });
    assertFields(await createReplay(db, lastHour()), { total: 1, state: 'running' });
  });

  it('is refused with what to do when its range cannot be counted in time', async () => {
    await db.transaction(async (holder) => {
      await holder.raw('lock table postbacks in access exclusive mode');
      const impatient = connectReplayDb({ url, statementTimeoutMs: 1000 });
      await assert.rejects(createReplay(impatient, lastHour()), (error: unknown) => {
        assert.ok(error instanceof AppError && error.kind === 'invalid', String(error));
        assert.match(error.message, /choose a shorter range/);
        return true;
      });
      await impatient.destroy();
    });
  });

  it('is paused, resumed and cancelled by its partner alone, until it has ended', async () => {
    await aPostback(db, { partnerId: ann });
    const { replay_id: replayId } = await createReplay(db, lastHour());
    const ask = (what: 'pause' | 'resume' | 'cancel') => askReplay(db, { partnerId: ann, replayId, ask: what });
    const bob = await network.partner(settings);
    assert.equal(await askReplay(db, { partnerId: bob, replayId, ask: 'cancel' }), undefined);
    assert.equal(await readReplay(db, { partnerId: bob, replayId }), undefined);

    assertFields(await ask('pause'), { asked: 'pause', state: 'running' });
    assertFields(await ask('resume'), { asked: 'run', state: 'running' });
    await ask('pause');
    await db('replays').where({ replay_id: replayId }).update({ state: 'paused', tell_at: null });
    assertFields(await ask('resume'), { asked: 'run', state: 'running' });
    const { tell_at } = (await db('replays').where({ replay_id: replayId }).first<{ tell_at: string | null }>()) ?? {};
    assert.notEqual(tell_at, null, 'its workflow is told');
    assert.notEqual((await readReplay(db, { partnerId: ann, replayId }))?.resumed_at, null);

    assertFields(await ask('cancel'), { asked: 'cancel', state: 'running', ended_at: null });
    await assert.rejects(ask('resume'), refusal(/is being cancelled/));
    await db('replays').where({ replay_id: replayId }).update({ state: 'paused' });
    assertFields(await ask('cancel'), { asked: 'cancel', state: 'cancelled' });
    assertFields(await ask('cancel'), { state: 'cancelled' });
    await assert.rejects(ask('pause'), refusal(/has ended: it is cancelled/));
  });

  it('are listed by pages, the newest first, without what was redelivered alone', async () => {
    const { postbackId } = await aPostback(db, { partnerId: ann });
    const made: string[] = [];
    for (let count = 0; count < 3; count++) made.push((await replayThatEnds(lastHour())).replay_id);
    await createRedelivery(db, { partnerId: ann, postbackId });
    const first = await listReplays(db, { partnerId: ann, limit: 2 });
    const second = await listReplays(db, { partnerId: ann, limit: 2, cursor: first.next ?? '' });
    const ids = [...first.rows, ...second.rows].map((replay) => replay.replay_id);
    assert.deepEqual(ids, made.toSorted().toReversed());
    assert.equal(second.next, null);
  });

  it('say beforehand what they would send, and why not', async () => {
    await aPostback(db, { partnerId: ann, attempts: [500] });
    await aPostback(db, { partnerId: ann, status: 'rejected' });
    await overtakenBy({ state: 'delivered', attempts: [200] });
    await overtakenBy({ state: 'failed', attempts: [404] });
    await updatePartner(db, ann, { postback: { ...settings, statuses: ['pending', 'approved'] } });
    const expected = { to_send: 3, overtaken: 1, status_off: 1, not_configured: 0, is_complete: true };
    assert.deepEqual(await previewReplay(db, lastHour()), expected);
    await updatePartner(db, ann, { postback: null });
    const without = { ...expected, to_send: 0, status_off: 0, not_configured: 4 };
    assert.deepEqual(await previewReplay(db, lastHour()), without);
  });

  it('are proposed for what failed and can be sent, and it is said whether the endpoint answers again', async () => {
    assert.equal(await proposeReplay(db, ann), undefined);
    for (const secondsAgo of [600, 300]) await aPostback(db, { partnerId: ann, secondsAgo });
    await overtakenBy({ state: 'retrying', secondsAgo: 10 });
    await aPostback(db, { partnerId: ann, state: 'skipped', skipReason: 'not_configured' });
    const proposal = await proposeReplay(db, ann);
    assertFields(proposal, { count: 2, answers_again: false });
    assert.ok(proposal && proposal.first_failed_at < proposal.last_failed_at);
    assert.equal((await replayThatEnds({ partnerId: ann, from: proposal.from, to: proposal.to })).total, 2);
    const endpoint = {
      partner_id: ann,
      origin: 'https://t.example',
      last_success_at: db.raw(`now() - interval '100 s'`),
    };
    await db('partner_endpoints').insert({ ...endpoint, last_failure_at: db.raw(`now() - interval '300 s'`) });
    assertFields(await proposeReplay(db, ann), { count: 2, answers_again: true });
    await db('partner_endpoints').where({ partner_id: ann }).update({ last_failure_at: db.fn.now() });
    assertFields(await proposeReplay(db, ann), { count: 2, answers_again: false });
  });

  it('are not proposed while one is under way or paused', async () => {
    await aPostback(db, { partnerId: ann });
    const { replay_id } = await createReplay(db, lastHour());
    assert.equal(await proposeReplay(db, ann), undefined);
    await db('replays').where({ replay_id }).update({ state: 'paused' });
    assert.equal(await proposeReplay(db, ann), undefined);
    await askReplay(db, { partnerId: ann, replayId: replay_id, ask: 'cancel' });
    assertFields(await proposeReplay(db, ann), { count: 1, is_complete: true });
  });

  it('are proposed for what failed after thousands that cannot be sent', async () => {
    await db.raw(
      `insert into postbacks (postback_id, conversion_id, seq, lead_id, partner_id, offer_id, ref_id, status, payout,
                              currency, event_at, state, ended_at, created_at)
       select 'off' || n, 'off' || n, 1, 'l', :ann::text, 'o', 'r', 'rejected', 0, 'USD', now(), 'failed', now(),
         now() - interval '1 day' - n * interval '1 second'
       from generate_series(1, 5001) n`,
      { ann },
    );
    await updatePartner(db, ann, { postback: { ...settings, statuses: ['approved'] } });
    assert.equal(await proposeReplay(db, ann), undefined);
    await aPostback(db, { partnerId: ann });
    const proposal = await proposeReplay(db, ann);
    assertFields(proposal, { count: 1, is_complete: false });
    assert.ok(proposal && Date.parse(proposal.from) < Date.now() - 13 * 24 * HOUR_MS, 'it takes up the older ones too');
  });

  it('look at a partner’s postbacks by an index', async () => {
    await db.raw(
      `insert into postbacks (postback_id, conversion_id, seq, lead_id, partner_id, offer_id, ref_id, status, payout,
                              currency, event_at, state, ended_at, created_at)
       select 'many' || n, 'c' || n, 1, 'l' || n, :ann::text, 'o', 'r', 'approved', 0, 'USD', now(),
         case when n % 10 = 0 then 'failed' else 'delivered' end, now(), now() - n * interval '1 second'
       from generate_series(1, 20000) n`,
      { ann },
    );
    await db.raw('analyze postbacks');
    const plans = await plansOf(db, async () => {
      await previewReplay(db, lastHour());
      await proposeReplay(db, ann);
      await createReplay(db, lastHour());
      await listReplays(db, { partnerId: ann, limit: 10 });
    });
    assert.ok(plans.length >= 4);
    for (const plan of plans) assert.doesNotMatch(plan, SCAN_OF_LARGE_TABLE);
  });

  describe('of one postback', () => {
    const redeliver = (postbackId: string) => createRedelivery(db, { partnerId: ann, postbackId });

    it('take one that has ended, however it did, unless it is under way again', async () => {
      for (const state of ['failed', 'delivered'] as const) {
        const { postbackId } = await aPostback(db, { partnerId: ann, state });
        assertFields(await redeliver(postbackId), {
          postback_id: postbackId,
          total: 1,
          state: 'running',
          from_at: null,
        });
        await assert.rejects(redeliver(postbackId), refusal(/being redelivered already/));
      }
      for (const skipReason of ['not_configured', 'status_off'] as const) {
        const { postbackId } = await aPostback(db, { partnerId: ann, state: 'skipped', skipReason });
        assertFields(await redeliver(postbackId), { total: 1 });
      }
    });

    it('send one once when it is asked for twice at once', async () => {
      const { postbackId } = await aPostback(db, { partnerId: ann });
      const asked = await Promise.allSettled([redeliver(postbackId), redeliver(postbackId), redeliver(postbackId)]);
      const refused = asked.filter((each) => each.status === 'rejected');
      assert.equal(refused.length, 2);
      for (const { reason } of refused) assert.ok(refusal(/being redelivered already/)(reason));
    });

    it('are at most five at a time for one partner', async () => {
      const ids: string[] = [];
      for (let count = 0; count < 6; count++) ids.push((await aPostback(db, { partnerId: ann })).postbackId);
      const asked = await Promise.allSettled(ids.map(redeliver));
      const refused = asked.filter((each) => each.status === 'rejected');
      assert.equal(refused.length, 1);
      const reason: unknown = refused[0]?.reason;
      assert.ok(reason instanceof AppError && reason.kind === 'too_many', String(reason));
      assert.match(reason.message, /5 postbacks are being redelivered/);
    });

    it('know no other partner’s postback', async () => {
      const { postbackId } = await aPostback(db, { partnerId: await network.partner(settings) });
      assert.equal(await redeliver(postbackId), undefined);
      assert.equal(await redeliver('nothing'), undefined);
    });

    it('R11: take none that a newer status has overtaken, or may have', async () => {
      const newer = [
        { state: 'scheduled' },
        { state: 'retrying' },
        { state: 'delivered' },
        { state: 'failed', attempts: [500, 'timeout'] },
        { state: 'superseded', attempts: [null] },
      ] as const;
      for (const each of newer) {
        const { postbackId } = await overtakenBy({ ...each, attempts: 'attempts' in each ? [...each.attempts] : [] });
        await assert.rejects(redeliver(postbackId), refusal(/a newer status .* has overtaken it/), each.state);
      }
      const { postbackId: superseded } = await aPostback(db, { partnerId: ann, state: 'superseded' });
      await assert.rejects(redeliver(superseded), refusal(/overtaken/));
      const { postbackId } = await overtakenBy({ state: 'failed', attempts: [404, 'connection_refused'] });
      assertFields(await redeliver(postbackId), { total: 1 });
    });

    it('take none that is still being delivered, and say when', async () => {
      const { postbackId } = await aPostback(db, { partnerId: ann, state: 'retrying' });
      await db('postbacks').where({ postback_id: postbackId }).update({ next_attempt_at: '2030-01-02T03:04:05Z' });
      await assert.rejects(redeliver(postbackId), refusal(/next attempt is due at 2030-01-02T03:04:05.000Z/));
    });

    it('take none that there is no way to send', async () => {
      const refId = await aPostback(db, { partnerId: ann, state: 'skipped', skipReason: 'no_ref_id', refId: null });
      await assert.rejects(redeliver(refId.postbackId), refusal(/ref_id/));
      const { postbackId } = await aPostback(db, { partnerId: ann });
      await updatePartner(db, ann, { postback: { ...settings, statuses: ['rejected'] } });
      await assert.rejects(redeliver(postbackId), refusal(/approved is switched off/));
      await updatePartner(db, ann, { postback: null });
      await assert.rejects(redeliver(postbackId), refusal(/no postback URL/));
    });
  });
});
