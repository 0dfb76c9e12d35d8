import assert from 'node:assert/strict';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { Knex } from 'knex';
import { createActivities } from '../../activities/index.ts';
import { updatePartner } from '../../src/db/partners.ts';
import { closeDeadAttempts, insertAttempt } from '../../src/db/attempts.ts';
import type { PostbackRequest } from '../../src/domain/postback-settings.ts';
import { createAddressRules } from '../../src/outbound/address-rules.ts';
import { SOCKETS_PER_ORIGIN, createGuardedClient, type SendOutcome } from '../../src/outbound/guarded-client.ts';
import {
  NOT_ACCEPTED,
  NOT_RECORDED,
  NOT_STARTED,
  type LeadActivities,
  type UnrecordedAttempt,
} from '../../workflows/contract.ts';
import { createTestDatabase, startOutage } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { startHttpServer } from '../support/local-server.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { answer, latestSettlement } from './settling.ts';

const ATTEMPTS = 3;
const INTERVAL_MS = 60_000;
const TRACKER = 'https://tracker.example/in?ref={ref_id}&status={status}&payout={payout}';

type AttemptRow = {
  attempt: number;
  outcome: string;
  method: string;
  url: string;
  body: string | null;
  started_at: string;
  ended_at: string | null;
  duration_ms: number | null;
  http_status: number | null;
  error: string | null;
  location: string | null;
  response_body: string | null;
};

type Send = (request: PostbackRequest) => Promise<SendOutcome>;

describe('delivering a postback', () => {
  let network: Network;
  let db: Knex;
  let activities: LeadActivities;
  let sent: PostbackRequest[];
  /** What the partner does with the next calls; then it answers 200. */
  let script: Send[];

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    activities = createActivities({ db, client: { send } });
  });

  after(() => network.close());

  beforeEach(() => {
    sent = [];
    script = [];
  });

  async function send(request: PostbackRequest): Promise<SendOutcome> {
    sent.push(request);
    return (await script.shift()?.(request)) ?? answer(200);
  }

  async function duePostback({ settings = settingsFor(TRACKER), refId = 'click-1', word = 'approved' } = {}) {
    const partnerId = await network.partner(settings);
    const { leadId, conversionId } = await network.aLead(partnerId, refId);
    await network.report(conversionId, word);
    const settlement = await latestSettlement(db, leadId);
    const [due] = await activities.settle({ leadId, maxAttempts: ATTEMPTS, settlement });
    assert.ok(due);
    return { postbackId: due.postbackId, partnerId, conversionId, leadId };
  }

  async function deliver(postbackId: string) {
    return await activities.deliverPostback({ postbackId, maxAttempts: ATTEMPTS, intervalMs: INTERVAL_MS });
  }

  async function failureOf(postbackId: string): Promise<ApplicationFailure> {
    const failure = await deliver(postbackId).then(
      ({ result }) => assert.fail(`it ended as ${result}`),
      (error: unknown) => error,
    );
    assert.ok(failure instanceof ApplicationFailure, String(failure));
    return failure;
  }

  async function review(postbackId: string, unrecorded: UnrecordedAttempt | null = null) {
    return await activities.reviewPostback({ postbackId, maxAttempts: ATTEMPTS, intervalMs: INTERVAL_MS, unrecorded });
  }

  async function readPostback(postbackId: string) {
    const row = await db('postbacks')
      .where({ postback_id: postbackId })
      .first<{ state: string; skip_reason: string | null; next_attempt_at: string | null; ended_at: string | null }>();
    return row;
  }

  async function readAttempts(postbackId: string) {
    return await db('postback_attempts')
      .where({ postback_id: postbackId })
      .orderBy('attempt')
      .select<AttemptRow[]>('*');
  }

  async function outcomesOf(postbackId: string) {
    return (await readAttempts(postbackId)).map(({ attempt, outcome, http_status, error }) => ({
      attempt,
      outcome,
      http_status,
      error,
    }));
  }

  async function supersede({ conversionId, leadId }: { conversionId: string; leadId: string }): Promise<string> {
    await network.report(conversionId, 'rejected');
    const settlement = await latestSettlement(db, leadId);
    const [due] = await activities.settle({ leadId, maxAttempts: ATTEMPTS, settlement });
    return due?.postbackId ?? '';
  }

  /** A pool learns only by using them that its idle connections have died. */
  async function connectAgain(): Promise<void> {
    await eventually(() => db.raw('select 1'));
  }

  it('writes the attempt down before the call and completes it after', async () => {
    const { postbackId } = await duePostback();
    let during: AttemptRow[] = [];
    script = [
      async () => {
        during = await readAttempts(postbackId);
        return answer(200, { durationMs: 123, responseBody: 'OK' });
      },
    ];
    assert.deepEqual(await deliver(postbackId), { result: 'delivered' });

    const url = 'https://tracker.example/in?ref=click-1&status=approved&payout=12.50';
    assert.equal(sent[0]?.url, url);
    assert.deepEqual(
      during.map(({ attempt, outcome, method, url: written, ended_at }) => ({
        attempt,
        outcome,
        method,
        url: written,
        ended_at,
      })),
      [{ attempt: 1, outcome: 'running', method: 'GET', url, ended_at: null }],
    );
    const [attempt] = await readAttempts(postbackId);
    assertFields(attempt, {
      outcome: 'delivered',
      http_status: 200,
      error: null,
      duration_ms: 123,
      response_body: 'OK',
    });
    assert.ok(attempt?.ended_at);
    const postback = await readPostback(postbackId);
    assertFields(postback, { state: 'delivered', next_attempt_at: null });
    assert.ok(postback?.ended_at);
  });

  it('keeps the exact request of a POST', async () => {
    for (const body of ['form', 'json'] as const) {
      const settings = settingsFor('https://tracker.example/in', { method: 'POST', body });
      const { postbackId } = await duePostback({ settings });
      await deliver(postbackId);
      const [attempt] = await readAttempts(postbackId);
      const request = sent.at(-1);
      assertFields(attempt, { method: 'POST', url: request?.url, body: request?.body });
      assert.ok(request?.body?.includes('click-1'));
    }
  });

  it('keeps at most 4 KiB of what the partner answers', async () => {
    const client = createGuardedClient({
      addressRules: createAddressRules({ allowCidrs: ['127.0.0.0/8'] }),
      timeoutMs: 2000,
    });
    const server = await startHttpServer((_, response) => response.end('\0é'.repeat(10_000)));
    const { postbackId } = await duePostback({ settings: settingsFor(`${server.origin}/?r={ref_id}`) });
    const real = createActivities({ db, client });
    await real.deliverPostback({ postbackId, maxAttempts: ATTEMPTS, intervalMs: INTERVAL_MS });
    const [attempt] = await readAttempts(postbackId);
    const kept = attempt?.response_body ?? '';
    assert.ok(kept.length > 1000 && Buffer.byteLength(kept) <= 4096, `${Buffer.byteLength(kept)} bytes`);
    await client.close();
    await server.close();
  });

  it('R10: an answer other than 200 is refused, with the time of the next attempt, until three attempts have failed', async () => {
    const { postbackId } = await duePostback();
    script = [
      async () => answer(302, { location: 'https://elsewhere.example/' }),
      async () => answer(null),
      async () => answer(null, { error: 'connection_refused' }),
    ];
    const first = await failureOf(postbackId);
    assertFields(first, { type: NOT_ACCEPTED, nonRetryable: false, category: ApplicationFailureCategory.BENIGN });
    assert.ok(first.message.includes('Attempt 1 of 3') && first.message.includes('HTTP 302'), first.message);
    const retrying = await readPostback(postbackId);
    assert.equal(retrying?.state, 'retrying');
    const [attempt] = await readAttempts(postbackId);
    const waitMs = Date.parse(retrying?.next_attempt_at ?? '') - Date.parse(attempt?.ended_at ?? '');
    assert.equal(waitMs, INTERVAL_MS);
    assert.equal(attempt?.location, 'https://elsewhere.example/');

    assert.match((await failureOf(postbackId)).message, /Attempt 2 of 3.*timeout/);
    assert.match((await failureOf(postbackId)).message, /Attempt 3 of 3.*connection refused/);
    const failed = await readPostback(postbackId);
    assertFields(failed, { state: 'failed', next_attempt_at: null });
    assert.deepEqual(await outcomesOf(postbackId), [
      { attempt: 1, outcome: 'refused', http_status: 302, error: null },
      { attempt: 2, outcome: 'refused', http_status: null, error: 'timeout' },
      { attempt: 3, outcome: 'refused', http_status: null, error: 'connection_refused' },
    ]);
  });

  it('R10: there are never more than three attempts, however often the activity runs', async () => {
    const { postbackId } = await duePostback();
    script = Array.from({ length: 9 }, () => async () => answer(500));
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) await failureOf(postbackId);
    assert.deepEqual(await deliver(postbackId), { result: 'failed' });
    assert.deepEqual(await review(postbackId), { result: 'failed' });
    assert.equal(sent.length, ATTEMPTS);
  });

  it('a delivered postback is not sent again', async () => {
    const { postbackId } = await duePostback();
    await deliver(postbackId);
    assert.deepEqual(await deliver(postbackId), { result: 'delivered' });
    assert.equal(sent.length, 1);
  });

  it('R12: each attempt uses the settings as they are then', async () => {
    const { postbackId, partnerId } = await duePostback();
    script = [async () => answer(500)];
    await failureOf(postbackId);
    const words = { approved: 'sale' };
    const repaired = settingsFor('https://repaired.example/?s={status}', { method: 'POST', status_words: words });
    await updatePartner(db, partnerId, { postback: repaired });
    await deliver(postbackId);
    assert.deepEqual(
      sent.map(({ method, url }) => ({ method, host: new URL(url).host })),
      [
        { method: 'GET', host: 'tracker.example' },
        { method: 'POST', host: 'repaired.example' },
      ],
    );
    assert.equal(new URL(sent[1]?.url ?? '').searchParams.get('s'), 'sale');
    assert.deepEqual(
      (await readAttempts(postbackId)).map(({ url }) => url),
      sent.map(({ url }) => url),
    );
  });

  it('R12: when settings are removed or a status is switched off between attempts, the rest is skipped', async () => {
    for (const [settings, reason] of [
      [null, 'not_configured'],
      [settingsFor(TRACKER, { statuses: ['pending'] }), 'status_off'],
    ] as const) {
      const { postbackId, partnerId } = await duePostback();
      script = [async () => answer(500)];
      await failureOf(postbackId);
      await updatePartner(db, partnerId, { postback: settings });
      assert.deepEqual(await deliver(postbackId), { result: 'skipped' });
      const postback = await readPostback(postbackId);
      assertFields(postback, { state: 'skipped', skip_reason: reason, next_attempt_at: null });
      assert.deepEqual(await outcomesOf(postbackId), [
        { attempt: 1, outcome: 'refused', http_status: 500, error: null },
      ]);
    }
    assert.equal(sent.length, 2);
  });

  it('a value that would lead elsewhere is a refused attempt and never sent', async () => {
    const url = 'https://tracker.example/in/{ref_id}/done';
    const { postbackId, partnerId } = await duePostback({ settings: settingsFor(url), refId: '..' });
    const failure = await failureOf(postbackId);
    assert.equal(failure.type, NOT_ACCEPTED);
    assert.match(failure.message, /invalid url/);
    assert.equal(sent.length, 0);
    assert.deepEqual(await outcomesOf(postbackId), [
      { attempt: 1, outcome: 'refused', http_status: null, error: 'invalid_url' },
    ]);
    assert.equal((await readAttempts(postbackId))[0]?.url, url);

    await updatePartner(db, partnerId, { postback: settingsFor(TRACKER) });
    assert.deepEqual(await deliver(postbackId), { result: 'delivered' });
  });

  it('an attempt that could not be sent keeps the URL that could not be filled', async () => {
    const approved = 'https://tracker.example/approved/{ref_id}/done';
    const settings = settingsFor(TRACKER, { status_urls: { approved } });
    const { postbackId } = await duePostback({ settings, refId: '..' });
    await failureOf(postbackId);
    assert.equal((await readAttempts(postbackId))[0]?.url, approved);
  });

  it('R11: a superseded postback is not sent', async () => {
    const due = await duePostback();
    await supersede(due);
    assert.deepEqual(await deliver(due.postbackId), { result: 'superseded' });
    assert.deepEqual(await review(due.postbackId), { result: 'superseded' });
    assert.equal(sent.length, 0);
    assert.deepEqual(await readAttempts(due.postbackId), []);
  });

  it('R11: no attempt of a postback that has been superseded meanwhile is written down', async () => {
    const due = await duePostback();
    await supersede(due);
    const attempt = { postbackId: due.postbackId, attempt: 1, method: 'GET', url: TRACKER, body: null };
    assert.equal(await insertAttempt(db, attempt), 'ended');
    assert.deepEqual(await readAttempts(due.postbackId), []);
  });

  it('R11: a postback that is superseded during its attempt counts as delivered when the partner took it', async () => {
    const due = await duePostback();
    script = [async () => (await supersede(due), answer(200))];
    assert.deepEqual(await deliver(due.postbackId), { result: 'delivered' });
    assert.equal((await readPostback(due.postbackId))?.state, 'delivered');
    assert.deepEqual(await outcomesOf(due.postbackId), [
      { attempt: 1, outcome: 'delivered', http_status: 200, error: null },
    ]);
  });

  it('R11: a postback that is superseded during its attempt stays so when the partner refused it', async () => {
    const due = await duePostback();
    script = [async () => (await supersede(due), answer(500))];
    await failureOf(due.postbackId);
    const postback = await readPostback(due.postbackId);
    assertFields(postback, { state: 'superseded', next_attempt_at: null });
    assert.deepEqual(await outcomesOf(due.postbackId), [
      { attempt: 1, outcome: 'refused', http_status: 500, error: null },
    ]);
  });

  it('an attempt whose worker was killed is noted as interrupted by the next', async () => {
    const { postbackId } = await duePostback();
    await killDuringAttempt(postbackId);
    await age(postbackId, 100);
    assert.deepEqual(await deliver(postbackId), { result: 'delivered' });
    const [interrupted] = await readAttempts(postbackId);
    const lastedMs = Date.parse(interrupted?.ended_at ?? '') - Date.parse(interrupted?.started_at ?? '');
    assert.equal(lastedMs, 15_000, 'it could not have run until the next');
    assert.deepEqual(await outcomesOf(postbackId), [
      { attempt: 1, outcome: 'interrupted', http_status: null, error: null },
      { attempt: 2, outcome: 'delivered', http_status: 200, error: null },
    ]);
  });

  it('a review ends a postback whose third attempt was interrupted', async () => {
    const { postbackId } = await duePostback();
    for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
      await killDuringAttempt(postbackId);
      await age(postbackId);
    }
    assert.deepEqual(await review(postbackId), { attemptsLeft: 1, retryInMs: INTERVAL_MS });
    await killDuringAttempt(postbackId);
    await age(postbackId);
    assert.deepEqual(await review(postbackId), { result: 'failed' });
    assert.equal((await readPostback(postbackId))?.state, 'failed');
    assert.deepEqual(
      (await readAttempts(postbackId)).map(({ outcome }) => outcome),
      ['interrupted', 'interrupted', 'interrupted'],
    );
  });

  it('an attempt that may still run is not closed, and the next waits until it has ended', async () => {
    const { postbackId } = await duePostback();
    await killDuringAttempt(postbackId);
    assert.equal((await failureOf(postbackId)).type, NOT_STARTED);
    const reviewed = await review(postbackId);
    assert.ok('retryInMs' in reviewed && reviewed.retryInMs > INTERVAL_MS, JSON.stringify(reviewed));
    assert.deepEqual(
      (await readAttempts(postbackId)).map(({ outcome }) => outcome),
      ['running'],
    );
    assert.equal(sent.length, 1);
  });

  it('R11: no attempt starts while one of an older status of its conversion may still run', async () => {
    const older = await duePostback({ word: 'pending' });
    await killDuringAttempt(older.postbackId);
    const newer = await supersede(older);
    assert.equal((await failureOf(newer)).type, NOT_STARTED);
    const reviewed = await review(newer);
    assert.ok('retryInMs' in reviewed && reviewed.retryInMs > 10_000 && reviewed.retryInMs <= 16_000);
    assert.equal(reviewed.attemptsLeft, ATTEMPTS);
    assert.deepEqual(await readAttempts(newer), []);

    await age(older.postbackId);
    assert.deepEqual(await deliver(newer), { result: 'delivered' });
    assert.deepEqual(
      (await readAttempts(older.postbackId)).map(({ outcome }) => outcome),
      ['interrupted'],
    );
  });

  it('whoever supersedes or reviews a postback closes its attempts that can no longer run', async () => {
    const superseded = await duePostback();
    await killDuringAttempt(superseded.postbackId);
    await age(superseded.postbackId);
    await supersede(superseded);
    const reviewed = await duePostback();
    await killDuringAttempt(reviewed.postbackId);
    await supersede(reviewed);
    await age(reviewed.postbackId);
    assert.deepEqual(await review(reviewed.postbackId), { result: 'superseded' });
    for (const { postbackId } of [superseded, reviewed]) {
      assert.equal((await readAttempts(postbackId))[0]?.outcome, 'interrupted');
    }
  });

  it('all attempts that can no longer run are closed at once, the others are left alone', async () => {
    const [dead, alive] = [await duePostback(), await duePostback()];
    for (const { postbackId } of [dead, alive]) await killDuringAttempt(postbackId);
    await age(dead.postbackId);
    assert.ok((await closeDeadAttempts(db)) >= 1);
    assert.equal((await readAttempts(dead.postbackId))[0]?.outcome, 'interrupted');
    assert.equal((await readAttempts(alive.postbackId))[0]?.outcome, 'running');
  });

  it('a template that makes no URL is refused, and ends its postback as failed', async () => {
    const { postbackId } = await duePostback({ settings: settingsFor('https://tracker.example:99999/{ref_id}') });
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      assert.match((await failureOf(postbackId)).message, /invalid url/);
    }
    assert.equal((await readPostback(postbackId))?.state, 'failed');
  });

  /** As if its attempts had begun that long ago. */
  async function age(postbackId: string, seconds = 20): Promise<void> {
    const startedAt = db.raw(`started_at - ? * interval '1 second'`, [seconds]);
    await db('postback_attempts').where({ postback_id: postbackId }).update({ started_at: startedAt });
  }

  /** The call never comes back, as in a worker that dies. */
  async function killDuringAttempt(postbackId: string): Promise<void> {
    const called = new Promise<void>((resolve) => {
      script = [() => (resolve(), new Promise<SendOutcome>(() => undefined))];
    });
    void deliver(postbackId);
    await called;
  }

  it('an answer that could not be stored is not lost: the failure carries it and a review records it', async () => {
    for (const [httpStatus, state, reviewed] of [
      [200, 'delivered', { result: 'delivered' }],
      [503, 'retrying', { attemptsLeft: 2, retryInMs: INTERVAL_MS }],
    ] as const) {
      const { postbackId } = await duePostback();
      const outage = await new Promise<{ end(): Promise<void>; failure: ApplicationFailure }>((resolve, reject) => {
        let begun: Awaited<ReturnType<typeof startOutage>>;
        script = [async () => ((begun = await startOutage(db)), answer(httpStatus))];
        failureOf(postbackId).then((failure) => resolve({ end: () => begun.end(), failure }), reject);
      });
      await outage.end();
      await connectAgain();
      const { failure } = outage;
      assertFields(failure, { type: NOT_RECORDED, nonRetryable: true });
      assert.deepEqual(await outcomesOf(postbackId), [
        { attempt: 1, outcome: 'running', http_status: null, error: null },
      ]);

      const unrecorded = failure.details?.[0] as UnrecordedAttempt;
      assert.deepEqual(await review(postbackId, unrecorded), reviewed);
      assert.deepEqual(await review(postbackId, unrecorded), reviewed, 'a repeated review changes nothing');
      assert.equal((await readPostback(postbackId))?.state, state);
      const outcome = httpStatus === 200 ? 'delivered' : 'refused';
      assert.deepEqual(await outcomesOf(postbackId), [{ attempt: 1, outcome, http_status: httpStatus, error: null }]);
    }
    assert.equal(sent.length, 2);
  });

  it('an attempt that finds its host busy is not made and uses up nothing', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    script = Array.from({ length: SOCKETS_PER_ORIGIN + 1 }, () => async () => (await gate, answer(200)));
    // A host of its own: calls that never come back in other tests hold slots of theirs.
    const settings = settingsFor('https://busy.example/?c={ref_id}');
    const busy: Promise<unknown>[] = [];
    for (let index = 0; index < SOCKETS_PER_ORIGIN; index++) {
      busy.push(deliver((await duePostback({ settings })).postbackId));
    }
    await eventually(() => assert.equal(sent.length, SOCKETS_PER_ORIGIN));

    const { postbackId } = await duePostback({ settings });
    assert.equal((await failureOf(postbackId)).type, NOT_STARTED);
    assert.deepEqual(await readAttempts(postbackId), []);
    open();
    await Promise.all(busy);
    assert.deepEqual(await deliver(postbackId), { result: 'delivered' });
  });

  it('an attempt that cannot be written down is not made, does not count and frees its place at the host', async () => {
    const { postbackId } = await duePostback({ settings: settingsFor('https://unwritten.example/?c={ref_id}') });
    await db.raw('alter table postback_attempts add constraint broken check (false) not valid');
    for (let index = 0; index <= SOCKETS_PER_ORIGIN; index++) {
      assert.equal((await failureOf(postbackId)).type, NOT_STARTED);
    }
    await db.raw('alter table postback_attempts drop constraint broken');
    assert.equal(sent.length, 0);
    assert.deepEqual(await deliver(postbackId), { result: 'delivered' });
    assert.deepEqual(await outcomesOf(postbackId), [
      { attempt: 1, outcome: 'delivered', http_status: 200, error: null },
    ]);
  });

  it('no call is made when stalled statements have used up its time, and no attempt', async () => {
    const { postbackId } = await duePostback();
    const times = [0, 12_000];
    const stalled = createActivities({ db, client: { send }, now: () => times.shift() ?? 12_000 });
    const call = { postbackId, maxAttempts: ATTEMPTS, intervalMs: INTERVAL_MS };
    await assert.rejects(stalled.deliverPostback(call), { type: NOT_STARTED });
    assert.equal(sent.length, 0);
    assert.deepEqual(await readAttempts(postbackId), []);
    assert.deepEqual(await deliver(postbackId), { result: 'delivered' });
  });

  it('an outage before the call uses up no attempt', async () => {
    const { postbackId } = await duePostback();
    const outage = await startOutage(db);
    const failure = await failureOf(postbackId);
    await outage.end();
    await connectAgain();
    assertFields(failure, { type: NOT_STARTED, nonRetryable: true });
    assert.equal(sent.length, 0);
    assert.deepEqual(await review(postbackId), { attemptsLeft: ATTEMPTS, retryInMs: 0 });
    assert.deepEqual(await readAttempts(postbackId), []);
  });
});
