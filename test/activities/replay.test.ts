import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { closeDeadAttempts, completeAttempt } from '../../src/db/attempts.ts';
import { updatePartner } from '../../src/db/partners.ts';
import { createRedelivery } from '../../src/db/replays/redelivery.ts';
import { beginAttempts } from '../../src/db/replays/replay-attempts.ts';
import { beginTurn, readReplayPage } from '../../src/db/replays/replay-turns.ts';
import { askReplay, readReplay } from '../../src/db/replays/replays.ts';
import { aPostback } from '../support/ended-postbacks.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { createReplayStage, TRACKER, type ReplayStage } from './replay-stage.ts';

const MINUTE_SECONDS = 60;

describe('replaying', () => {
  let stage: ReplayStage;
  let ann: string;

  before(async () => {
    stage = await createReplayStage();
  });

  after(() => stage.close());

  beforeEach(async () => {
    stage.forget();
    ann = await stage.partner();
  });

  const failed = async (changes: Partial<Parameters<typeof aPostback>[1]> = {}) =>
    await aPostback(stage.db, { partnerId: ann, attempts: [500, 500, 500], ...changes });

  /** A conversion whose two statuses have both failed, the older one first. */
  async function twoFailed() {
    const older = await failed({ status: 'pending', secondsAgo: 100 });
    const newer = await failed({ conversionId: older.conversionId, seq: 4, secondsAgo: 90 });
    return [older.postbackId, newer.postbackId] as const;
  }

  // With a message: without one, assert.ok reads the source to make one up, and Node 20 may never end on transformed source.
  const haveBeenSent = (count: number) =>
    eventually(() => assert.ok(stage.sent.length >= count, `${stage.sent.length} of ${count}`));

  const sentIds = () => stage.sent.map(({ postbackId }) => postbackId);

  it('sends what failed once more, in order within each conversion, as a further attempt of the same postback', async () => {
    const pairs = [await twoFailed(), await twoFailed(), await twoFailed()];
    const replayId = await stage.replayOf(ann);
    assert.deepEqual(await stage.batch(replayId), { state: 'done', total: 6, delivered: 6, refused: 0, skipped: 0 });
    for (const [older, newer] of pairs) {
      assert.ok(sentIds().indexOf(older) < sentIds().indexOf(newer));
      assert.deepEqual(await stage.statesOf(older, newer), ['delivered', 'delivered']);
      const attempt = (await stage.attemptsOf(older)).at(-1);
      assertFields(attempt, { attempt: 4, kind: 'redelivery', outcome: 'delivered', replay_id: replayId });
      assertFields(attempt?.headers as Record<string, string>, { accept: '*/*' });
    }
    assert.equal(stage.sent.length, 6);
    assert.deepEqual(await stage.batch(replayId), { state: 'done', total: 6, delivered: 6, refused: 0, skipped: 0 });
    assertFields(await stage.batch(await stage.replayOf(ann)), { state: 'done', total: 0 });
    assert.equal(stage.sent.length, 6, 'nothing is sent twice');
  });

  it('goes through as many pages as there are', async () => {
    await stage.db.raw(
      `insert into postbacks (postback_id, conversion_id, seq, lead_id, partner_id, offer_id, ref_id, status, payout,
                              currency, event_at, state, ended_at, created_at)
       select 'page' || n || :ann::text, 'pages' || n || :ann::text, 1, 'l', :ann::text, 'o', 'r',
         (array['pending', 'approved', 'rejected'])[1 + n % 3], 0, 'USD', now(), 'failed', now(), now() - n * interval '1 ms'
       from generate_series(1, 2500) n`,
      { ann },
    );
    const counts = await stage.batch(await stage.replayOf(ann), stage.createWorker({ concurrency: 64 }));
    assert.deepEqual(counts, { state: 'done', total: 2500, delivered: 2500, refused: 0, skipped: 0 });
    assert.equal(new Set(sentIds()).size, 2500);
  });

  it('takes up what was skipped for want of a URL, once there is one', async () => {
    const [taken, refused] = [
      await failed({ state: 'skipped', skipReason: 'not_configured', attempts: [] }),
      await failed({ state: 'skipped', skipReason: 'not_configured', attempts: [] }),
    ];
    const off = await failed({ state: 'skipped', skipReason: 'status_off', attempts: [] });
    stage.answer(({ postbackId }) => (postbackId === refused.postbackId ? 404 : 200));
    const counts = await stage.batch(await stage.replayOf(ann));
    assert.deepEqual(counts, { state: 'done', total: 2, delivered: 1, refused: 1, skipped: 0 });
    const ids = [taken, refused, off].map(({ postbackId }) => postbackId);
    assert.deepEqual(await stage.statesOf(...ids), ['delivered', 'failed', 'skipped']);
    assertFields((await stage.attemptsOf(taken.postbackId))[0], { attempt: 1, kind: 'redelivery' });
  });

  it('sends what was delivered only when it is asked for, and leaves it delivered', async () => {
    const { postbackId } = await failed({ state: 'delivered', attempts: [200] });
    assertFields(await stage.batch(await stage.replayOf(ann)), { total: 0 });
    stage.answer(500);
    const counts = await stage.batch(await stage.replayOf(ann, { includeDelivered: true }));
    assert.deepEqual(counts, { state: 'done', total: 1, delivered: 0, refused: 1, skipped: 0 });
    assert.deepEqual(await stage.statesOf(postbackId), ['delivered']);
  });

  it('makes one attempt of each; what is refused has failed still, and is nobody’s unfinished business', async () => {
    const { postbackId } = await failed();
    stage.answer(503);
    const replayId = await stage.replayOf(ann);
    assertFields(await stage.batch(replayId), { state: 'done', refused: 1 });
    assertFields(await stage.batch(replayId), { state: 'done', refused: 1 });
    assert.equal(stage.sent.length, 1);
    const row = await stage.db('postbacks').where({ postback_id: postbackId }).first<Record<string, unknown>>();
    assertFields(row, { state: 'failed', next_attempt_at: null });
  });

  it('sends one postback by name', async () => {
    const { postbackId } = await failed({ state: 'skipped', skipReason: 'status_off', attempts: [] });
    await failed();
    const redelivery = await createRedelivery(stage.db, { partnerId: ann, postbackId });
    const counts = await stage.batch(redelivery?.replay_id ?? '');
    assert.deepEqual(counts, { state: 'done', total: 1, delivered: 1, refused: 0, skipped: 0 });
    assert.deepEqual(sentIds(), [postbackId]);
    assert.deepEqual(await stage.statesOf(postbackId), ['delivered']);
  });

  it('records an attempt that the settings make unsendable', async () => {
    const url = 'https://tracker.example/{ref_id}/in?pid={postback_id}';
    await updatePartner(stage.db, ann, { postback: settingsFor(url) });
    const { postbackId } = await failed({ refId: '..', attempts: [] });
    assertFields(await stage.batch(await stage.replayOf(ann)), { state: 'done', refused: 1 });
    assert.equal(stage.sent.length, 0);
    assertFields((await stage.attemptsOf(postbackId))[0], { outcome: 'refused', headers: null });
  });

  it('R12: reads the settings at each attempt', async () => {
    const pairs = [await twoFailed(), await twoFailed()];
    stage.answer(async () => {
      if (stage.sent.length === 1) {
        await updatePartner(stage.db, ann, { postback: settingsFor(TRACKER.replace('tracker', 'repaired')) });
      }
      return 200;
    });
    const counts = await stage.batch(await stage.replayOf(ann), stage.createWorker({ concurrency: 1 }));
    assertFields(counts, { state: 'done', delivered: 4 });
    assert.deepEqual(
      stage.sent.map(({ to }) => to),
      ['https://tracker.example', ...Array.from({ length: 3 }, () => 'https://repaired.example')],
    );
    assert.equal(pairs.flat().length, 4);
  });

  it('skips a status that is switched off meanwhile', async () => {
    await twoFailed();
    stage.answer(async () => {
      await updatePartner(stage.db, ann, { postback: settingsFor(TRACKER, { statuses: ['pending'] }) });
      return 200;
    });
    const counts = await stage.batch(await stage.replayOf(ann));
    assert.deepEqual(counts, { state: 'done', total: 2, delivered: 1, refused: 0, skipped: 1 });
    assert.deepEqual(
      stage.sent.map(({ status }) => status),
      ['pending'],
    );
  });

  it('pauses when the settings are removed, says why, and loses nothing', async () => {
    for (let count = 0; count < 4; count++) await failed({ attempts: [] });
    stage.answer(async () => {
      if (stage.sent.length === 1) await updatePartner(stage.db, ann, { postback: null });
      return 200;
    });
    const replayId = await stage.replayOf(ann);
    const counts = await stage.batch(replayId, stage.createWorker({ concurrency: 1 }));
    assert.deepEqual(counts, { state: 'paused', total: 4, delivered: 1, refused: 0, skipped: 0 });
    assertFields(await readReplay(stage.db, { partnerId: ann, replayId }), { pause_reason: 'no_url' });
    await updatePartner(stage.db, ann, { postback: settingsFor(TRACKER) });
    assertFields(await askReplay(stage.db, { partnerId: ann, replayId, ask: 'resume' }), {
      ...{ state: 'running', pause_reason: null, done_before: 1 },
    });
    assertFields(await stage.batch(replayId), { state: 'done', delivered: 4 });
    assert.equal(new Set(sentIds()).size, 4);
  });

  it('sends two of one conversion in order that were created at the same moment, wherever a page begins', async () => {
    const pairs = [];
    for (let count = 0; count < 8; count++) pairs.push(await twoFailed());
    const at = new Date(Date.now() - 60_000);
    await stage.db('postbacks').where({ partner_id: ann }).update({ created_at: at });
    const replayId = await stage.replayOf(ann);
    const first = await readReplayPage(stage.db, { replayId, after: { at: 'epoch', postbackId: '' }, limit: 5 });
    const last = first.at(-1);
    const after = { at: last?.createdAt ?? '', postbackId: last?.postbackId ?? '' };
    const rest = await readReplayPage(stage.db, { replayId, after, limit: 100 });
    assert.deepEqual(new Set([...first, ...rest].map(({ postbackId }) => postbackId)), new Set(pairs.flat()));
    assert.equal(first.length + rest.length, 16);
    assertFields(await stage.batch(replayId), { state: 'done', delivered: 16 });
    for (const [older, newer] of pairs) assert.ok(sentIds().indexOf(older) < sentIds().indexOf(newer));
  });

  describe('and newer statuses (R11)', () => {
    it('skips what one of them has overtaken before', async () => {
      const [, newer] = await twoFailed();
      await stage.db('postbacks').where({ postback_id: newer }).update({ state: 'delivered' });
      const [, uncertain] = await twoFailed();
      await stage.db('postback_attempts').where({ postback_id: uncertain, attempt: 2 }).update({ error: 'timeout' });
      const counts = await stage.batch(await stage.replayOf(ann));
      assert.deepEqual(counts, { state: 'done', total: 3, delivered: 1, refused: 0, skipped: 2 });
      assert.deepEqual(sentIds(), [uncertain]);
    });

    it('skips what one of them overtakes in the middle of it', async () => {
      const [first, second] = [await failed({ secondsAgo: 30 }), await failed({ secondsAgo: 20 })];
      stage.answer(async () => {
        await failed({ conversionId: second.conversionId, seq: 9, state: 'scheduled', attempts: [] });
        return 200;
      });
      const counts = await stage.batch(await stage.replayOf(ann), stage.createWorker({ concurrency: 1 }));
      assert.deepEqual(counts, { state: 'done', total: 2, delivered: 1, refused: 0, skipped: 1 });
      assert.deepEqual(sentIds(), [first.postbackId]);
      assert.equal((await stage.attemptsOf(second.postbackId)).length, 3);
    });

    it('takes an attempt back when one of them came while it was being written down', async () => {
      const { postbackId, conversionId } = await failed();
      const replayId = await stage.replayOf(ann);
      const turn = await beginTurn(stage.db, replayId);
      assert.ok(turn);
      const attempt = { method: 'GET', url: 'https://tracker.example/', headers: null, body: null, postbackId };
      const { db } = stage;
      let statements = 0;
      const interrupted = {
        raw: (sql: string, values: object) => ({
          async options(options: object) {
            if (++statements === 2) await failed({ conversionId, seq: 9, state: 'scheduled', attempts: [] });
            return (await db.raw<unknown>(sql, values as Knex.ValueDict).options(options)) as unknown;
          },
        }),
      };
      const made = { replayId, turn: turn.turn, settingsVersion: turn.settingsVersion, ...attempt };
      const [result] = await beginAttempts(interrupted as never, [made]);
      assert.equal(result?.verdict, 'overtaken');
      assert.equal(statements, 2);
      assert.equal((await stage.attemptsOf(postbackId)).length, 3);
    });

    it('has one of them wait until the attempt of an older one has ended, whoever makes it', async () => {
      const [older, newer] = await twoFailed();
      const redelivery = await createRedelivery(stage.db, { partnerId: ann, postbackId: older });
      let end: (httpStatus: number) => void = () => undefined;
      stage.answer(({ postbackId }) =>
        postbackId === older ? new Promise<number>((resolve) => (end = resolve)) : 200,
      );
      const first = stage.batch(redelivery?.replay_id ?? '');
      await eventually(() => assert.deepEqual(sentIds(), [older]));
      const replayId = await stage.replayOf(ann, { states: ['failed'] });
      const second = stage.batch(replayId, stage.createWorker());
      await eventually(async () => {
        const { rows } = await stage.db.raw<{ rows: { turn: number }[] }>(
          'select turn from replays where replay_id = :replayId and touched_at > started_at',
          { replayId },
        );
        assert.equal(rows[0]?.turn, 1);
      });
      assert.deepEqual(sentIds(), [older]);
      end(200);
      assertFields(await first, { delivered: 1 });
      assert.deepEqual(await second, { state: 'done', total: 2, delivered: 1, refused: 0, skipped: 1 });
      assert.deepEqual(sentIds(), [older, newer]);
    });
  });

  describe('and its partner', () => {
    it('pauses between two postbacks within a second, and goes on where it was', async () => {
      for (let count = 0; count < 30; count++) await failed({ attempts: [] });
      const replayId = await stage.replayOf(ann, { ratePerSecond: 10 });
      const ask = (what: 'pause' | 'resume') => askReplay(stage.db, { partnerId: ann, replayId, ask: what });
      const batch = stage.batch(replayId);
      await haveBeenSent(3);
      await ask('pause');
      const before = stage.sent.length;
      const counts = await batch;
      // Counted in postbacks, because a second may be long on a busy machine.
      assert.ok(stage.sent.length - before <= 10, `${stage.sent.length - before} more were sent`);
      assertFields(counts, { state: 'paused', total: 30, delivered: stage.sent.length });
      assert.ok(stage.sent.length < 30);
      assertFields(await stage.batch(replayId), { state: 'paused' });
      await ask('resume');
      assertFields(await stage.batch(replayId), { state: 'done', delivered: 30 });
      assert.equal(new Set(sentIds()).size, 30);
      assert.equal(stage.sent.length, 30);
    });

    it('cancels it, and the rest stays as it was', async () => {
      for (let count = 0; count < 30; count++) await failed({ attempts: [] });
      const replayId = await stage.replayOf(ann, { ratePerSecond: 10 });
      const batch = stage.batch(replayId);
      await haveBeenSent(3);
      await askReplay(stage.db, { partnerId: ann, replayId, ask: 'cancel' });
      assertFields(await batch, { state: 'cancelled', total: 30, delivered: stage.sent.length, skipped: 0 });
      const replay = await readReplay(stage.db, { partnerId: ann, replayId });
      assert.notEqual(replay?.ended_at, null);
      assertFields(await stage.batch(replayId), { state: 'cancelled' });
      assert.equal(stage.sent.length, replay?.delivered);
    });

    it('keeps to its rate', async () => {
      for (let count = 0; count < 10; count++) await failed({ attempts: [] });
      const begunAt = performance.now();
      await stage.batch(await stage.replayOf(ann, { ratePerSecond: 20 }));
      const tookMs = performance.now() - begunAt;
      assert.ok(tookMs >= 400, `${tookMs} ms for ten of them`);
    });

    it('keeps to its rate after its endpoint has hung', async () => {
      for (let count = 0; count < 10; count++) await failed({ attempts: [] });
      const sentAt: number[] = [];
      let answered: Promise<number> | undefined;
      stage.answer(() => {
        sentAt.push(performance.now());
        // All ten would have gone by then, had it not hung.
        return (answered ??= delay(700, 200));
      });
      const worker = stage.createWorker({ concurrency: 2 });
      const batch = stage.batch(await stage.replayOf(ann, { ratePerSecond: 20 }), worker);
      await eventually(() => assert.ok(answered, 'nothing is sent'));
      await answered;
      const answeredAt = performance.now();
      assert.equal(sentAt.length, 2);
      assertFields(await batch, { state: 'done', delivered: 10 });
      const tookMs = (sentAt.at(-1) ?? 0) - answeredAt;
      assert.ok(tookMs >= 200, `${tookMs} ms for the eight that had waited`);
    });
  });

  describe('and workers that die', () => {
    it('sends again only what was under way, and counts each postback once', async () => {
      const pairs = await Promise.all([twoFailed(), twoFailed(), twoFailed()]);
      const hanging = new Set(pairs.slice(1).map(([older]) => older));
      stage.answer(({ postbackId }) => (hanging.has(postbackId) ? stage.frozen : 200));
      const replayId = await stage.replayOf(ann);
      // Its batch never ends, as that of a frozen worker.
      void stage.batch(replayId, stage.createWorker());
      await eventually(async () => {
        assert.equal(stage.sent.length, 4);
        assertFields(await readReplay(stage.db, { partnerId: ann, replayId }), { delivered: 2 });
      });

      stage.answer(200);
      const next = stage.batch(replayId, stage.createWorker());
      await eventually(async () =>
        assertFields(await readReplay(stage.db, { partnerId: ann, replayId }), { delivered: 4 }),
      );
      const newer = pairs.slice(1).map((pair) => pair[1]);
      assert.deepEqual(
        newer.filter((postbackId) => sentIds().includes(postbackId)),
        [],
      );
      await stage.age(MINUTE_SECONDS);
      assert.deepEqual(await next, { state: 'done', total: 6, delivered: 6, refused: 0, skipped: 0 });
      const times = (postbackId: string) => sentIds().filter((id) => id === postbackId).length;
      for (const [older, last] of pairs) {
        assert.equal(times(older), hanging.has(older) ? 2 : 1);
        assert.equal(times(last), 1);
      }
    });

    it('begins no attempt in a turn that somebody else has taken over', async () => {
      for (let count = 0; count < 20; count++) await failed({ attempts: [] });
      const replayId = await stage.replayOf(ann, { ratePerSecond: 10 });
      const old = stage.batch(replayId);
      await haveBeenSent(2);
      await beginTurn(stage.db, replayId);
      assertFields(await old, { state: 'running' });
      const before = stage.sent.length;
      assert.ok(before < 20);
      assertFields(await stage.batch(replayId), { state: 'done', delivered: 20 });
      assert.equal(stage.sent.length, 20);
    });

    it('counts an answer that comes late once, and believes a late 200', async () => {
      const { postbackId } = await failed();
      let end: (httpStatus: number) => void = () => undefined;
      stage.answer(() => new Promise<number>((resolve) => (end = resolve)));
      const replayId = await stage.replayOf(ann);
      const frozen = stage.createWorker();
      const old = stage.batch(replayId, frozen);
      await eventually(() => assert.equal(stage.sent.length, 1));
      stage.answer(500);
      assertFields(await stage.batch(replayId, stage.createWorker()), { state: 'done', refused: 1 });
      end(200);
      await old;
      assertFields(await readReplay(stage.db, { partnerId: ann, replayId }), { delivered: 0, refused: 1 });
      assert.deepEqual(await stage.statesOf(postbackId), ['delivered']);
      assert.deepEqual(
        (await stage.attemptsOf(postbackId)).slice(3).map(({ outcome }) => outcome),
        ['delivered', 'refused'],
      );
    });

    it('ends a batch early when its worker stops, and another goes on', async () => {
      for (let count = 0; count < 20; count++) await failed({ attempts: [] });
      const replayId = await stage.replayOf(ann, { ratePerSecond: 20 });
      const stopping = stage.createWorker();
      const batch = stage.batch(replayId, stopping);
      await haveBeenSent(2);
      stopping.halt();
      assertFields(await batch, { state: 'running' });
      await stopping.stop();
      assertFields(await stage.batch(replayId), { state: 'done', delivered: 20 });
      assert.equal(stage.sent.length, 20);
    });
  });

  describe('and the attempts of leads', () => {
    it('leaves a late refusal of a lead’s own attempt without effect', async () => {
      const { postbackId } = await failed({ attempts: [500, 500, null] });
      await stage.batch(await stage.replayOf(ann));
      const end = { durationMs: 7, httpStatus: 500, error: null, location: null, responseBody: '' };
      await completeAttempt(stage.db, {
        ...{ postbackId, attempt: 3, outcome: 'refused', state: 'failed', retryInMs: null, ...end },
      });
      assert.deepEqual(await stage.statesOf(postbackId), ['delivered']);
    });

    it('has one that died closed like any other, and never reopens its postback', async () => {
      const { postbackId } = await failed();
      stage.answer(() => stage.frozen);
      void stage.batch(await stage.replayOf(ann), stage.createWorker());
      await eventually(() => assert.equal(stage.sent.length, 1));
      await stage.age(MINUTE_SECONDS);
      await closeDeadAttempts(stage.db);
      assertFields((await stage.attemptsOf(postbackId)).at(-1), { kind: 'redelivery', outcome: 'interrupted' });
      assert.deepEqual(await stage.statesOf(postbackId), ['failed']);
    });
  });
});
