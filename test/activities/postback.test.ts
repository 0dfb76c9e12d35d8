import assert from 'node:assert/strict';
import { ApplicationFailureCategory } from '@temporalio/common';
import { createActivities } from '../../activities/index.ts';
import { updatePartner } from '../../src/db/partners.ts';
import { readFactsOfConversion } from '../../src/db/reports/lead-facts.ts';
import { createAddressRules } from '../../src/outbound/address-rules.ts';
import { SOCKETS_PER_ORIGIN, createGuardedClient } from '../../src/outbound/guarded-client.ts';
import { readEvents } from '../../src/stories/reading.ts';
import { makeTimeline } from '../../src/stories/timeline.ts';
import { NOT_ACCEPTED, NOT_STARTED } from '../../workflows/contract.ts';
import { startOutage } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { startHttpServer } from '../support/local-server.ts';
import { settingsFor } from '../support/postback-settings.ts';
import {
  ATTEMPTS,
  createDeliveryStage,
  INTERVAL_MS,
  TRACKER,
  type AttemptRow,
  type DeliveryStage,
} from './delivery-stage.ts';
import { answer } from './settling.ts';

describe('delivering a postback', () => {
  let stage: DeliveryStage;

  before(async () => {
    stage = await createDeliveryStage();
  });

  after(() => stage.close());

  beforeEach(() => stage.forget());

  it('writes the attempt down before the call and completes it after', async () => {
    const { postbackId } = await stage.duePostback();
    let during: AttemptRow[] = [];
    stage.partner.script = [
      async () => {
        during = await stage.readAttempts(postbackId);
        return answer(200, { durationMs: 123, responseBody: 'OK' });
      },
    ];
    assert.deepEqual(await stage.deliver(postbackId), { result: 'delivered' });

    const url = 'https://tracker.example/in?ref=click-1&status=approved&payout=12.50';
    assert.equal(stage.partner.sent[0]?.url, url);
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
    const [attempt] = await stage.readAttempts(postbackId);
    assertFields(attempt, {
      outcome: 'delivered',
      http_status: 200,
      error: null,
      duration_ms: 123,
      response_body: 'OK',
    });
    assert.ok(attempt?.ended_at);
    const postback = await stage.readPostback(postbackId);
    assertFields(postback, { state: 'delivered', next_attempt_at: null });
    assert.ok(postback?.ended_at);
  });

  it('keeps the exact request of a POST', async () => {
    for (const body of ['form', 'json'] as const) {
      const settings = settingsFor('https://tracker.example/in', { method: 'POST', body });
      const { postbackId } = await stage.duePostback({ settings });
      await stage.deliver(postbackId);
      const [attempt] = await stage.readAttempts(postbackId);
      const request = stage.partner.sent.at(-1);
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
    const { postbackId } = await stage.duePostback({ settings: settingsFor(`${server.origin}/?r={ref_id}`) });
    const real = createActivities({ db: stage.db, answers: stage.answers, client });
    await real.deliverPostback({ postbackId, maxAttempts: ATTEMPTS, intervalMs: INTERVAL_MS });
    const [attempt] = await stage.readAttempts(postbackId);
    const kept = attempt?.response_body ?? '';
    assert.ok(kept.length > 1000 && Buffer.byteLength(kept) <= 4096, `${Buffer.byteLength(kept)} bytes`);
    await client.close();
    await server.close();
  });

  it('R10: an answer other than 200 is refused, with the time of the next attempt, until three attempts have failed', async () => {
    const { postbackId } = await stage.duePostback();
    stage.partner.script = [
      async () => answer(302, { location: 'https://elsewhere.example/' }),
      async () => answer(null),
      async () => answer(null, { error: 'connection_refused' }),
    ];
    const first = await stage.failureOf(postbackId);
    assertFields(first, { type: NOT_ACCEPTED, nonRetryable: false, category: ApplicationFailureCategory.BENIGN });
    assert.ok(first.message.includes('Attempt 1 of 3') && first.message.includes('HTTP 302'), first.message);
    const retrying = await stage.readPostback(postbackId);
    assert.equal(retrying?.state, 'retrying');
    const [attempt] = await stage.readAttempts(postbackId);
    const waitMs = Date.parse(retrying?.next_attempt_at ?? '') - Date.parse(attempt?.ended_at ?? '');
    assert.equal(waitMs, INTERVAL_MS);
    assert.equal(attempt?.location, 'https://elsewhere.example/');

    assert.match((await stage.failureOf(postbackId)).message, /Attempt 2 of 3.*timeout/);
    assert.match((await stage.failureOf(postbackId)).message, /Attempt 3 of 3.*connection refused/);
    const failed = await stage.readPostback(postbackId);
    assertFields(failed, { state: 'failed', next_attempt_at: null });
    assert.deepEqual(await stage.outcomesOf(postbackId), [
      { attempt: 1, outcome: 'refused', http_status: 302, error: null },
      { attempt: 2, outcome: 'refused', http_status: null, error: 'timeout' },
      { attempt: 3, outcome: 'refused', http_status: null, error: 'connection_refused' },
    ]);
  });

  it('R10: there are never more than three attempts, however often the activity runs', async () => {
    const { postbackId } = await stage.duePostback();
    stage.partner.script = Array.from({ length: 9 }, () => async () => answer(500));
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) await stage.failureOf(postbackId);
    assert.deepEqual(await stage.deliver(postbackId), { result: 'failed' });
    assert.deepEqual(await stage.review(postbackId), { result: 'failed' });
    assert.equal(stage.partner.sent.length, ATTEMPTS);
  });

  it('a delivered postback is not sent again', async () => {
    const { postbackId } = await stage.duePostback();
    await stage.deliver(postbackId);
    assert.deepEqual(await stage.deliver(postbackId), { result: 'delivered' });
    assert.equal(stage.partner.sent.length, 1);
  });

  it('R12: each attempt uses the settings as they are then', async () => {
    const { postbackId, partnerId } = await stage.duePostback();
    stage.partner.script = [async () => answer(500)];
    await stage.failureOf(postbackId);
    const words = { approved: 'sale' };
    const repaired = settingsFor('https://repaired.example/?s={status}', { method: 'POST', status_words: words });
    await updatePartner(stage.db, partnerId, { postback: repaired });
    await stage.deliver(postbackId);
    assert.deepEqual(
      stage.partner.sent.map(({ method, url }) => ({ method, host: new URL(url).host })),
      [
        { method: 'GET', host: 'tracker.example' },
        { method: 'POST', host: 'repaired.example' },
      ],
    );
    assert.equal(new URL(stage.partner.sent[1]?.url ?? '').searchParams.get('s'), 'sale');
    assert.deepEqual(
      (await stage.readAttempts(postbackId)).map(({ url }) => url),
      stage.partner.sent.map(({ url }) => url),
    );
  });

  it('R12: when settings are removed or a status is switched off between attempts, the rest is skipped', async () => {
    for (const [settings, reason] of [
      [null, 'not_configured'],
      [settingsFor(TRACKER, { statuses: ['pending'] }), 'status_off'],
    ] as const) {
      const { postbackId, partnerId } = await stage.duePostback();
      stage.partner.script = [async () => answer(500)];
      await stage.failureOf(postbackId);
      await updatePartner(stage.db, partnerId, { postback: settings });
      assert.deepEqual(await stage.deliver(postbackId), { result: 'skipped' });
      const postback = await stage.readPostback(postbackId);
      assertFields(postback, { state: 'skipped', skip_reason: reason, next_attempt_at: null });
      assert.deepEqual(await stage.outcomesOf(postbackId), [
        { attempt: 1, outcome: 'refused', http_status: 500, error: null },
      ]);
    }
    assert.equal(stage.partner.sent.length, 2);
  });

  it('a value that would lead elsewhere is a refused attempt and never sent', async () => {
    const url = 'https://tracker.example/in/{ref_id}/done';
    const { postbackId, partnerId } = await stage.duePostback({ settings: settingsFor(url), refId: '..' });
    const failure = await stage.failureOf(postbackId);
    assert.equal(failure.type, NOT_ACCEPTED);
    assert.match(failure.message, /the ref_id "\.\." cannot be part of a path/);
    assert.equal(stage.partner.sent.length, 0);
    assert.deepEqual(await stage.outcomesOf(postbackId), [
      { attempt: 1, outcome: 'refused', http_status: null, error: 'dots_in_path' },
    ]);
    assert.equal((await stage.readAttempts(postbackId))[0]?.url, url);

    await updatePartner(stage.db, partnerId, { postback: settingsFor(TRACKER) });
    assert.deepEqual(await stage.deliver(postbackId), { result: 'delivered' });
  });

  it('a ref_id that no path can hold ends its postback as failed, without a call', async () => {
    const settings = settingsFor('https://tracker.example/in/{ref_id}/done');
    const { postbackId, conversionId } = await stage.duePostback({ settings, refId: '.' });
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) await stage.failureOf(postbackId);
    assert.equal((await stage.readPostback(postbackId))?.state, 'failed');
    assert.deepEqual(
      (await stage.outcomesOf(postbackId)).map(({ error }) => error),
      ['dots_in_path', 'dots_in_path', 'dots_in_path'],
    );
    const facts = await readFactsOfConversion(stage.db, conversionId);
    assert.ok(facts);
    const told = makeTimeline(facts, readEvents(facts)).map(({ what }) => what);
    assert.ok(
      told.some((what) => /refused, not sent: a ref_id .* cannot be part of a path/.test(what)),
      told.join(),
    );
    assert.equal(stage.partner.sent.length, 0);
  });

  it('an attempt that could not be sent keeps the URL that could not be filled', async () => {
    const approved = 'https://tracker.example/approved/{ref_id}/done';
    const settings = settingsFor(TRACKER, { status_urls: { approved } });
    const { postbackId } = await stage.duePostback({ settings, refId: '..' });
    await stage.failureOf(postbackId);
    assert.equal((await stage.readAttempts(postbackId))[0]?.url, approved);
  });

  it('a template that makes no URL is refused, and ends its postback as failed', async () => {
    const { postbackId } = await stage.duePostback({ settings: settingsFor('https://tracker.example:99999/{ref_id}') });
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      assert.match((await stage.failureOf(postbackId)).message, /invalid url/);
    }
    assert.equal((await stage.readPostback(postbackId))?.state, 'failed');
  });

  it('an attempt that finds its host busy is not made and uses up nothing', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    stage.partner.script = Array.from({ length: SOCKETS_PER_ORIGIN + 1 }, () => async () => (await gate, answer(200)));
    // A host of its own: calls that never come back in other tests hold slots of theirs.
    const settings = settingsFor('https://busy.example/?c={ref_id}');
    const busy: Promise<unknown>[] = [];
    for (let index = 0; index < SOCKETS_PER_ORIGIN; index++) {
      busy.push(stage.deliver((await stage.duePostback({ settings })).postbackId));
    }
    await eventually(() => assert.equal(stage.partner.sent.length, SOCKETS_PER_ORIGIN));

    const { postbackId } = await stage.duePostback({ settings });
    assert.equal((await stage.failureOf(postbackId)).type, NOT_STARTED);
    assert.deepEqual(await stage.readAttempts(postbackId), []);
    open();
    await Promise.all(busy);
    assert.deepEqual(await stage.deliver(postbackId), { result: 'delivered' });
  });

  it('an attempt that cannot be written down is not made, does not count and frees its place at the host', async () => {
    const { postbackId } = await stage.duePostback({ settings: settingsFor('https://unwritten.example/?c={ref_id}') });
    await stage.db.raw('alter table postback_attempts add constraint broken check (false) not valid');
    for (let index = 0; index <= SOCKETS_PER_ORIGIN; index++) {
      assert.equal((await stage.failureOf(postbackId)).type, NOT_STARTED);
    }
    await stage.db.raw('alter table postback_attempts drop constraint broken');
    assert.equal(stage.partner.sent.length, 0);
    assert.deepEqual(await stage.deliver(postbackId), { result: 'delivered' });
    assert.deepEqual(await stage.outcomesOf(postbackId), [
      { attempt: 1, outcome: 'delivered', http_status: 200, error: null },
    ]);
  });

  it('no call is made when stalled statements have used up its time, and no attempt', async () => {
    const { postbackId } = await stage.duePostback();
    const times = [0, 12_000];
    const stalled = stage.anotherWorker({ now: () => times.shift() ?? 12_000 });
    const call = { postbackId, maxAttempts: ATTEMPTS, intervalMs: INTERVAL_MS };
    await assert.rejects(stalled.deliverPostback(call), { type: NOT_STARTED });
    assert.equal(stage.partner.sent.length, 0);
    assert.deepEqual(await stage.readAttempts(postbackId), []);
    assert.deepEqual(await stage.deliver(postbackId), { result: 'delivered' });
  });

  it('an outage before the call uses up no attempt', async () => {
    const { postbackId } = await stage.duePostback();
    const outage = await startOutage(stage.db);
    const failure = await stage.failureOf(postbackId);
    await outage.end();
    assertFields(failure, { type: NOT_STARTED, nonRetryable: true });
    assert.equal(stage.partner.sent.length, 0);
    assert.deepEqual(await stage.review(postbackId), { attemptsLeft: ATTEMPTS, retryInMs: 0 });
    assert.deepEqual(await stage.readAttempts(postbackId), []);
  });
});
