import assert from 'node:assert/strict';
import { closeDeadAttempts, insertAttempt } from '../../src/db/attempts.ts';
import { NOT_STARTED } from '../../workflows/contract.ts';
import { assertFields } from '../support/fields.ts';
import { ATTEMPTS, createDeliveryStage, INTERVAL_MS, TRACKER, type DeliveryStage } from './delivery-stage.ts';
import { answer } from './settling.ts';

describe('the order of attempts, and attempts that their worker did not live to end', () => {
  let stage: DeliveryStage;

  before(async () => {
    stage = await createDeliveryStage();
  });

  after(() => stage.close());

  beforeEach(() => stage.forget());

  it('R11: a superseded postback is not sent', async () => {
    const due = await stage.duePostback();
    await stage.supersede(due);
    assert.deepEqual(await stage.deliver(due.postbackId), { result: 'superseded' });
    assert.deepEqual(await stage.review(due.postbackId), { result: 'superseded' });
    assert.equal(stage.partner.sent.length, 0);
    assert.deepEqual(await stage.readAttempts(due.postbackId), []);
  });

  it('R11: no attempt of a postback that has been superseded meanwhile is written down', async () => {
    const due = await stage.duePostback();
    await stage.supersede(due);
    const attempt = { postbackId: due.postbackId, attempt: 1, method: 'GET', url: TRACKER, headers: {}, body: null };
    assert.equal(await insertAttempt(stage.db, attempt), 'ended');
    assert.deepEqual(await stage.readAttempts(due.postbackId), []);
  });

  it('R11: a postback that is superseded during its attempt counts as delivered when the partner took it', async () => {
    const due = await stage.duePostback();
    stage.partner.script = [async () => (await stage.supersede(due), answer(200))];
    assert.deepEqual(await stage.deliver(due.postbackId), { result: 'delivered' });
    assert.equal((await stage.readPostback(due.postbackId))?.state, 'delivered');
    assert.deepEqual(await stage.outcomesOf(due.postbackId), [
      { attempt: 1, outcome: 'delivered', http_status: 200, error: null },
    ]);
  });

  it('R11: a postback that is superseded during its attempt stays so when the partner refused it', async () => {
    const due = await stage.duePostback();
    stage.partner.script = [async () => (await stage.supersede(due), answer(500))];
    await stage.failureOf(due.postbackId);
    const postback = await stage.readPostback(due.postbackId);
    assertFields(postback, { state: 'superseded', next_attempt_at: null });
    assert.deepEqual(await stage.outcomesOf(due.postbackId), [
      { attempt: 1, outcome: 'refused', http_status: 500, error: null },
    ]);
  });

  it('an attempt whose worker was killed is noted as interrupted by the next', async () => {
    const { postbackId } = await stage.duePostback();
    await stage.killDuringAttempt(postbackId);
    await stage.age(postbackId, 100);
    assert.deepEqual(await stage.deliver(postbackId), { result: 'delivered' });
    const [interrupted] = await stage.readAttempts(postbackId);
    const lastedMs = Date.parse(interrupted?.ended_at ?? '') - Date.parse(interrupted?.started_at ?? '');
    assert.equal(lastedMs, 15_000, 'it could not have run until the next');
    assert.deepEqual(await stage.outcomesOf(postbackId), [
      { attempt: 1, outcome: 'interrupted', http_status: null, error: null },
      { attempt: 2, outcome: 'delivered', http_status: 200, error: null },
    ]);
  });

  it('a review ends a postback whose third attempt was interrupted', async () => {
    const { postbackId } = await stage.duePostback();
    for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
      await stage.killDuringAttempt(postbackId);
      await stage.age(postbackId);
    }
    assert.deepEqual(await stage.review(postbackId), { attemptsLeft: 1, retryInMs: INTERVAL_MS });
    await stage.killDuringAttempt(postbackId);
    await stage.age(postbackId);
    assert.deepEqual(await stage.review(postbackId), { result: 'failed' });
    assert.equal((await stage.readPostback(postbackId))?.state, 'failed');
    assert.deepEqual(
      (await stage.readAttempts(postbackId)).map(({ outcome }) => outcome),
      ['interrupted', 'interrupted', 'interrupted'],
    );
  });

  it('an attempt that may still run is not closed, and the next waits until it has ended', async () => {
    const { postbackId } = await stage.duePostback();
    await stage.killDuringAttempt(postbackId);
    assert.equal((await stage.failureOf(postbackId)).type, NOT_STARTED);
    const reviewed = await stage.review(postbackId);
    assert.ok('retryInMs' in reviewed && reviewed.retryInMs > INTERVAL_MS, JSON.stringify(reviewed));
    assert.deepEqual(
      (await stage.readAttempts(postbackId)).map(({ outcome }) => outcome),
      ['running'],
    );
    assert.equal(stage.partner.sent.length, 1);
  });

  it('R11: no attempt starts while one of an older status of its conversion may still run', async () => {
    const older = await stage.duePostback({ word: 'pending' });
    await stage.killDuringAttempt(older.postbackId);
    const newer = await stage.supersede(older);
    assert.equal((await stage.failureOf(newer)).type, NOT_STARTED);
    const reviewed = await stage.review(newer);
    assert.ok('retryInMs' in reviewed && reviewed.retryInMs > 10_000 && reviewed.retryInMs <= 16_000);
    assert.equal(reviewed.attemptsLeft, ATTEMPTS);
    assert.deepEqual(await stage.readAttempts(newer), []);

    await stage.age(older.postbackId);
    assert.deepEqual(await stage.deliver(newer), { result: 'delivered' });
    assert.deepEqual(
      (await stage.readAttempts(older.postbackId)).map(({ outcome }) => outcome),
      ['interrupted'],
    );
  });

  it('whoever supersedes or reviews a postback closes its attempts that can no longer run', async () => {
    const superseded = await stage.duePostback();
    await stage.killDuringAttempt(superseded.postbackId);
    await stage.age(superseded.postbackId);
    await stage.supersede(superseded);
    const reviewed = await stage.duePostback();
    await stage.killDuringAttempt(reviewed.postbackId);
    await stage.supersede(reviewed);
    await stage.age(reviewed.postbackId);
    assert.deepEqual(await stage.review(reviewed.postbackId), { result: 'superseded' });
    for (const { postbackId } of [superseded, reviewed]) {
      assert.equal((await stage.readAttempts(postbackId))[0]?.outcome, 'interrupted');
    }
  });

  it('all attempts that can no longer run are closed at once, the others are left alone', async () => {
    const [dead, alive] = [await stage.duePostback(), await stage.duePostback()];
    for (const { postbackId } of [dead, alive]) await stage.killDuringAttempt(postbackId);
    await stage.age(dead.postbackId);
    assert.ok((await closeDeadAttempts(stage.db)) >= 1);
    assert.equal((await stage.readAttempts(dead.postbackId))[0]?.outcome, 'interrupted');
    assert.equal((await stage.readAttempts(alive.postbackId))[0]?.outcome, 'running');
  });
});
