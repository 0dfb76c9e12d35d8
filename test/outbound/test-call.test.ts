import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import type { PostbackSettings } from '../../src/domain/postbacks/postback-settings.ts';
import { newSigningSecret } from '../../src/new-ids.ts';
import { createAddressRules } from '../../src/outbound/address-rules.ts';
import { createGuardedClient, type GuardedClient } from '../../src/outbound/guarded-client.ts';
import { makeTestCall, previewCall, type TestCall } from '../../src/outbound/test-call.ts';
import { findClosedPort, startHttpServer, type LocalServer } from '../support/local-server.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { settingsFor } from '../support/postback-settings.ts';

describe('a test call', () => {
  let tracker: PartnerServer;
  let client: GuardedClient;
  /** For those that keep it waiting. */
  let impatient: GuardedClient;

  before(async () => {
    tracker = await startPartnerServer();
    const addressRules = createAddressRules({ allowCidrs: ['127.0.0.0/8'] });
    client = createGuardedClient({ addressRules, timeoutMs: 10_000 });
    impatient = createGuardedClient({ addressRules, timeoutMs: 2000 });
  });

  beforeEach(() => tracker.forget());

  after(async () => {
    await client.close();
    await impatient.close();
    await tracker.stop();
  });

  function callFor(changes: Partial<PostbackSettings> = {}, given: Partial<TestCall> = {}): TestCall {
    const settings = settingsFor(tracker.url, changes);
    return { settings, partnerId: 'abcdefghigk', status: 'approved', secrets: [], ...given };
  }

  const test = (changes?: Partial<PostbackSettings>, given?: Partial<TestCall>) =>
    makeTestCall(client, callFor(changes, given));

  async function answerOf(server: LocalServer, by = client) {
    const result = await makeTestCall(by, callFor({ url: `${server.origin}/?a={ref_id}&b={status}` }));
    await server.close();
    return result;
  }

  it('sends exactly what it shows, marked as a test in its ids and a header', async () => {
    const result = await test();
    const [received] = tracker.received;
    assert.equal(tracker.origin + received?.target, result.request.url);
    assert.match(received?.query['cid'] ?? '', /^test-[0-9a-z]{16}$/);
    assert.match(received?.query['pid'] ?? '', /^test[0-9a-z]{12}$/);
    assert.equal(received?.query['ref'], 'test-click');
    assert.equal(received?.query['payout'], '12.50');
    assert.equal(result.request.headers['x-cashcat-test'], '1');
    assert.equal(result.request.headers['user-agent'], 'Cashcat-Postbacks/1');
  });

  it('is told as delivered when the answer is 200', async () => {
    const { response, error, verdict, explanation, warnings } = await test();
    assert.equal(verdict, 'delivered');
    assert.equal(error, null);
    assert.deepEqual(
      { ...response, duration_ms: 0 },
      { http_status: 200, location: null, body: 'thank you', duration_ms: 0 },
    );
    assert.ok((response?.duration_ms ?? -1) >= 0);
    assert.equal(explanation, 'Delivered: your endpoint answered 200.');
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['insecure_url'],
    );
  });

  it('has new ids each time, so that no tracker drops it as a repeat', async () => {
    await test();
    await test();
    const [first, second] = tracker.received.map(({ query }) => query);
    assert.notEqual(first?.['cid'], second?.['cid']);
    assert.notEqual(first?.['pid'], second?.['pid']);
  });

  it('carries the ref_id that was asked for, and nothing for a rejected one', async () => {
    await test({}, { status: 'rejected', refId: 'real-click' });
    assert.equal(tracker.received[0]?.query['ref'], 'real-click');
    assert.equal(tracker.received[0]?.query['payout'], '0.00');
    assert.equal(tracker.received[0]?.query['status'], 'rejected');
  });

  it('is signed like any other', async () => {
    const secret = newSigningSecret();
    const { request } = await test({ method: 'POST', body: 'json' }, { secrets: [secret] });
    new Webhook(secret).verify(request.body ?? '', request.headers);
    assert.equal(tracker.received[0]?.body, request.body);
  });

  for (const [status, text] of [
    [204, /^204 is not 200/],
    [404, /nothing at this path/],
    [500, /error log/],
  ] as const) {
    it(`explains ${status}`, async () => {
      tracker.answer(status);
      const { verdict, response, explanation } = await test();
      assert.equal(verdict, 'refused');
      assert.equal(response?.http_status, status);
      assert.match(explanation, text);
    });
  }

  it('explains a redirect with its target, and does not follow it', async () => {
    tracker.answer(302);
    const { verdict, response, explanation } = await test();
    assert.equal(verdict, 'refused');
    assert.equal(response?.location, '/followed?status=followed');
    assert.match(explanation, /redirects \(302\) to \/followed\?status=followed, and redirects are never followed/);
    assert.equal(tracker.received.length, 1);
  });

  it('explains an endpoint that does not answer, or breaks off', async () => {
    tracker.answer('nothing');
    const silent = await makeTestCall(impatient, callFor());
    assert.deepEqual([silent.verdict, silent.response, silent.error], ['refused', null, 'timeout']);
    assert.match(silent.explanation, /did not answer in time/);
    tracker.answer('reset');
    assert.equal((await test()).error, 'connection_failed');
  });

  it('explains a 200 whose body never ends', async () => {
    const endless = await startHttpServer((_request, response) => void response.writeHead(200).write('x'));
    const { verdict, response, error, explanation } = await answerOf(endless, impatient);
    assert.deepEqual([verdict, response?.http_status, error], ['refused', 200, 'timeout']);
    assert.match(explanation, /began to answer with 200/);
  });

  it('explains a port where nobody listens, and an address that is not allowed', async () => {
    const closed = `http://127.0.0.1:${await findClosedPort()}/?a={ref_id}&s={status}`;
    assert.equal((await test({ url: closed })).error, 'connection_refused');
    const strict = createGuardedClient({ addressRules: createAddressRules({ allowCidrs: [] }), timeoutMs: 300 });
    const { error, response, explanation } = await makeTestCall(strict, callFor());
    await strict.close();
    assert.deepEqual([error, response], ['address_not_allowed', null]);
    assert.match(explanation, /not on the public internet/);
    assert.equal(tracker.received.length, 0);
  });

  it('warns of a refusal that hides behind a 200', async () => {
    const server = await startHttpServer((_request, response) => void response.end('SubID not found'));
    const { verdict, warnings, explanation } = await answerOf(server);
    assert.equal(verdict, 'delivered');
    assert.match(explanation, /the answer says "SubID not found"/);
    assert.equal(warnings.at(-1)?.code, 'hidden_refusal');
  });

  it('is not sent when a value would change where the URL leads', async () => {
    const url = `${tracker.origin}/{ref_id}/in?s={status}`;
    const { verdict, response, error, request, explanation } = await test({ url }, { refId: '..' });
    assert.deepEqual([verdict, response, error], ['refused', null, 'dots_in_path']);
    assert.equal(request.url, url);
    assert.match(explanation, /ref_id consists of dots/);
    assert.equal(tracker.received.length, 0);
  });

  it('says so when its status is switched off', async () => {
    const { warnings } = await test({ statuses: ['approved'] }, { status: 'pending' });
    assert.ok(warnings.some(({ code, message }) => code === 'status_off' && message.includes('pending')));
    assert.equal(tracker.received.length, 1);
  });
});

describe('a preview', () => {
  it('shows the bytes of a test and sends nothing', () => {
    const settings = settingsFor('https://partner.example/in?cid={ref_id}&s={status}', {
      method: 'POST',
      body: 'json',
      status_words: { approved: 'sale' },
    });
    const call: TestCall = { settings, partnerId: 'abcdefghigk', status: 'approved', secrets: [] };
    const { request, error, warnings } = previewCall(call);
    assert.equal(error, null);
    assert.deepEqual(warnings, []);
    assert.equal(request.url, 'https://partner.example/in?cid=test-click&s=sale');
    assert.equal(request.headers['content-type'], 'application/json');
    assert.equal((JSON.parse(request.body ?? '') as Record<string, string>)['status'], 'sale');
  });

  it('warns of what the settings say', () => {
    const settings = settingsFor('https://partner.example/in?sig={sig}&s={status}');
    const { warnings } = previewCall({ settings, partnerId: 'abcdefghigk', status: 'approved', secrets: [] });
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['missing_ref_id', 'sig_without_secret'],
    );
  });
});
