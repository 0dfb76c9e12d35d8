import assert from 'node:assert/strict';
import type { SendOutcome } from '../../src/outbound/guarded-client.ts';
import { NOT_RECORDED, NOT_STARTED, type UnrecordedAttempt } from '../../workflows/contract.ts';
import { createKeptAnswers } from '../../activities/kept-answers.ts';
import type { AttemptEnd } from '../../src/db/attempts.ts';
import { createLog } from '../../src/log.ts';
import { startOutage } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { createDeliveryStage, INTERVAL_MS, type DeliveryStage } from './delivery-stage.ts';
import { answer } from './settling.ts';

const DELIVERED = [{ attempt: 1, outcome: 'delivered', http_status: 200, error: null }];

describe('an answer that could not be stored at once', () => {
  let stage: DeliveryStage;

  beforeEach(async () => {
    stage = await createDeliveryStage({ maxKept: 1 });
  });

  afterEach(() => stage.close());

  /** Delivers while the database goes away in mid-call. */
  async function deliverInOutage(postbackId: string, answered: SendOutcome) {
    let outage: Awaited<ReturnType<typeof startOutage>> | undefined;
    stage.partner.script = [async () => ((outage = await startOutage(stage.db)), answered)];
    const failure = await stage.failureOf(postbackId);
    assert.ok(outage);
    return { outage, failure };
  }

  it('is written down by itself when the database is back', async () => {
    const { postbackId } = await stage.duePostback();
    const { outage, failure } = await deliverInOutage(postbackId, answer(200));
    assertFields(failure, { type: NOT_RECORDED, nonRetryable: true });
    await outage.end();
    await eventually(async () => assert.deepEqual(await stage.outcomesOf(postbackId), DELIVERED));
    assert.equal((await stage.readPostback(postbackId))?.state, 'delivered');
  });

  it('comes before any further attempt and before any review by the same worker', async () => {
    for (const next of [
      (postbackId: string) => stage.deliver(postbackId),
      (postbackId: string) => stage.review(postbackId),
    ]) {
      const { postbackId } = await stage.duePostback();
      const away = await deliverInOutage(postbackId, answer(200));
      await assert.rejects(next(postbackId));
      await away.outage.end();
      await stage.age(postbackId);
      assert.deepEqual(await next(postbackId), { result: 'delivered' });
      assert.deepEqual(await stage.outcomesOf(postbackId), DELIVERED);
    }
    assert.equal(stage.partner.sent.length, 2);
  });

  it('stops further calls while as many are kept as there is room for', async () => {
    const [answered, waiting] = [await stage.duePostback(), await stage.duePostback()];
    const away = await deliverInOutage(answered.postbackId, answer(200));
    assert.equal((await stage.failureOf(waiting.postbackId)).type, NOT_STARTED);
    assert.match(String((await stage.failureOf(waiting.postbackId)).cause), /waiting to be stored/);
    await away.outage.end();
    await eventually(async () => assert.deepEqual(await stage.deliver(waiting.postbackId), { result: 'delivered' }));
    assert.equal(stage.partner.sent.length, 2);
  });

  it('is the truth also when its attempt was taken for dead, another one was made and the postback has failed', async () => {
    const other = stage.anotherWorker();
    const { postbackId } = await stage.duePostback();
    await deadButAnswered(postbackId, answer(200), async () => {
      stage.partner.script = [async () => answer(500), async () => answer(500)];
      for (const attempt of [2, 3])
        assert.match((await stage.failureOf(postbackId, other)).message, RegExp(`${attempt} of 3`));
    });
    assert.equal((await stage.readPostback(postbackId))?.state, 'delivered');
    const [first] = await stage.readAttempts(postbackId);
    assertFields(first, { outcome: 'delivered', http_status: 200 });
    assert.equal(
      Date.parse(first?.ended_at ?? '') - Date.parse(first?.started_at ?? ''),
      15_000,
      'it ended in its time',
    );
  });

  it('a late refusal tells of its own attempt, and leaves the time of the next to the one that was made meanwhile', async () => {
    const other = stage.anotherWorker();
    const { postbackId } = await stage.duePostback();
    let next: string | null | undefined;
    await deadButAnswered(postbackId, answer(503), async () => {
      stage.partner.script = [async () => answer(500)];
      await stage.failureOf(postbackId, other);
      next = (await stage.readPostback(postbackId))?.next_attempt_at;
    });
    assertFields(await stage.readPostback(postbackId), { state: 'retrying', next_attempt_at: next });
    assert.deepEqual(
      (await stage.outcomesOf(postbackId)).map(({ http_status }) => http_status),
      [503, 500],
    );
  });

  /** The call of an attempt is still open while the time that it may last is over, and `meanwhile` happens. */
  async function deadButAnswered(postbackId: string, answered: SendOutcome, meanwhile: () => Promise<void>) {
    let openGate = () => undefined as void;
    const gate = new Promise<void>((resolve) => (openGate = resolve));
    const called = new Promise<void>((resolve) => {
      stage.partner.script = [async () => (resolve(), await gate, answered)];
    });
    const late = stage.deliver(postbackId).catch(() => undefined);
    await called;
    await stage.age(postbackId);
    await meanwhile();
    openGate();
    await late;
  }

  for (const [httpStatus, state, reviewed] of [
    [200, 'delivered', { result: 'delivered' }],
    [503, 'retrying', { attemptsLeft: 2, retryInMs: INTERVAL_MS }],
  ] as const) {
    it(`${httpStatus} is carried by the failure, and the review of any worker records it, once`, async () => {
      const { postbackId } = await stage.duePostback();
      const away = await deliverInOutage(postbackId, answer(httpStatus));
      // The worker dies with what it kept.
      await stage.answers.stop();
      await away.outage.end();
      assert.deepEqual(await stage.outcomesOf(postbackId), [
        { attempt: 1, outcome: 'running', http_status: null, error: null },
      ]);

      const by = stage.anotherWorker();
      const unrecorded = away.failure.details?.[0] as UnrecordedAttempt;
      assert.deepEqual(await stage.review(postbackId, { by, unrecorded }), reviewed);
      const recorded = await stage.readPostback(postbackId);
      await stage.review(postbackId, { by, unrecorded });
      assert.deepEqual(await stage.readPostback(postbackId), recorded, 'a repeated review changes nothing');
      assert.equal(recorded?.state, state);
      const outcome = httpStatus === 200 ? 'delivered' : 'refused';
      assert.deepEqual(await stage.outcomesOf(postbackId), [
        { attempt: 1, outcome, http_status: httpStatus, error: null },
      ]);
    });
  }

  for (const [comesBack, told] of [
    [true, []],
    [false, [{ level: 50, outcome: 'delivered', httpStatus: 200 }]],
  ] as const) {
    it(`is ${comesBack ? 'written' : 'told of as an error'} by a worker that stops ${comesBack ? 'while' : 'before'} the database comes back`, async () => {
      const { postbackId } = await stage.duePostback();
      await stage.killDuringAttempt(postbackId);
      const lines: string[] = [];
      const log = createLog('error', { write: (line) => void lines.push(line) });
      const answers = createKeptAnswers({ db: stage.db, log, ...(comesBack ? {} : { stopGraceMs: 0 }) });
      const outage = await startOutage(stage.db);
      await assert.rejects(answers.write(delivered(postbackId)));
      const stopped = answers.stop();
      if (!comesBack) await stopped;
      await outage.end();
      await stopped;
      const [attempt] = await stage.readAttempts(postbackId);
      assert.equal(attempt?.outcome, comesBack ? 'delivered' : 'running');
      const errors = lines.map((line) => JSON.parse(line) as { level: number; outcome: string; httpStatus: number });
      assert.deepEqual(
        errors.map(({ level, outcome, httpStatus }) => ({ level, outcome, httpStatus })),
        told,
      );
    });
  }
});

function delivered(postbackId: string): AttemptEnd {
  const { httpStatus, error, location, responseBody, durationMs } = answer(200);
  const answered = { httpStatus, error, location, responseBody, durationMs };
  return { postbackId, attempt: 1, ...answered, outcome: 'delivered', state: 'delivered', retryInMs: null };
}
