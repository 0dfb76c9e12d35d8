import assert from 'node:assert/strict';
import { findPreset } from '../../src/domain/trackers/presets.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import {
  call,
  conversionIn,
  createHttpNetwork,
  createInCatalogue,
  type HttpNetwork,
} from '../support/network-over-http.ts';
import { startPartnerServer, type PartnerServer } from '../support/partner-server.ts';
import { startProcess, type RunningProgram } from '../support/program.ts';
import { startPrivateTemporal } from '../support/servers.ts';

type Postback = {
  postback_id: string;
  state: string;
  explanation: string;
  attempts: { kind: string; response: { http_status: number } | null; explanation: string }[];
};
type Replay = { replay_id: string; state: string; total: number; delivered: number };

describe('a new partner with nothing but a key and curl', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let program: RunningProgram;
  let network: HttpNetwork;
  let tracker: PartnerServer;
  let key: string;

  before(async () => {
    const temporal = await startPrivateTemporal();
    database = await createTestDatabase();
    program = await startProcess({
      databaseUrl: database.url,
      temporalAddress: temporal.address,
      env: { POSTBACK_INTERVAL_SECONDS: '0.2', POSTBACK_TIMEOUT_SECONDS: '10' },
    });
    network = await createHttpNetwork(program);
    tracker = await startPartnerServer();
    ({ api_key: key } = await createInCatalogue<{ api_key: string }>(program.opsUrl, 'partners', { name: 'Ann' }));
  });

  after(async () => {
    await program.stop();
    await tracker.stop();
    await database.db.destroy();
  });

  it('sets up Keitaro from its preset and tests it, sees an approval delivered, why another failed, and a repair', async () => {
    const { warnings } = await ask<{ warnings: { code: string }[] }>('GET', '');
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['no_postback_url'],
    );
    const link = await setUpKeitaro();
    const tested = await ask<{ verdict: string; request: { url: string } }>('POST', '/postback/test', {
      status: 'approved',
    });
    assert.equal(tested.verdict, 'delivered');
    assert.deepEqual(takeReceived(), [tested.request.url]);

    const first = await visitAndApprove(link, 'visit-1');
    const delivered = await endedPostback(first);
    assert.equal(delivered.state, 'delivered');
    assert.deepEqual(takeReceived(), [keitaroUrl({ subid: 'visit-1', tid: first })]);

    tracker.answer(500);
    const second = await visitAndApprove(link, 'visit-2');
    const failed = await endedPostback(second);
    assert.equal(failed.state, 'failed');
    assert.deepEqual(
      failed.attempts.map(({ response }) => response?.http_status),
      [500, 500, 500],
    );
    assert.match(failed.explanation, /failed on its side.*No attempt is left/);
    const { endpoint } = await ask<{ endpoint: { consecutive_failures: number } }>('GET', '');
    assert.equal(endpoint.consecutive_failures, 3);
    takeReceived();

    tracker.answer(200);
    const range = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date().toISOString() };
    const { replay_id: replayId } = await ask<Replay>('POST', '/replays', range, 202);
    const done = await eventually(async () => {
      const replay = await ask<Replay>('GET', `/replays/${replayId}`);
      assert.equal(replay.state, 'done');
      return replay;
    });
    assert.deepEqual([done.total, done.delivered], [1, 1]);
    assert.deepEqual(takeReceived(), [keitaroUrl({ subid: 'visit-2', tid: second })]);
    const repaired = await ask<Postback>('GET', `/postbacks/${failed.postback_id}`);
    assert.equal(repaired.state, 'delivered');
    assert.deepEqual(
      repaired.attempts.map(({ kind }) => kind),
      ['scheduled', 'scheduled', 'scheduled', 'redelivery'],
    );
    const story = await ask<{ outcome: string; why: string }>('GET', `/conversions/${second}`);
    assert.equal(story.outcome, 'won');
    assert.match(story.why, /^You won it/);
  });

  /** @returns the referral link that belongs into the tracker */
  async function setUpKeitaro(): Promise<string> {
    const values = { domain: new URL(tracker.origin).host, key: 'a1b2c3' };
    const preset = await ask<{ referral_link: string; postback: { url: string } }>(
      'POST',
      '/presets/keitaro/fill',
      values,
    );
    // The tracker of this test has no certificate.
    const url = preset.postback.url.replace('https:', 'http:');
    await ask('PUT', '/postback', { ...preset.postback, url });
    return preset.referral_link;
  }

  /** As Keitaro sends a visitor on: with its own click id in the place of its macro. @returns conversion_id */
  async function visitAndApprove(link: string, clickId: string): Promise<string> {
    const visit = `${link.replace('{subid}', clickId).replace('localhost', '127.0.0.1')}&offer_id=${network.offerId}`;
    const { headers } = await call(visit);
    const conversionId = conversionIn(headers['location']);
    assert.equal((await network.report(conversionId, 'approved')).status, 200);
    return conversionId;
  }

  async function endedPostback(conversionId: string): Promise<Postback> {
    return await eventually(async () => {
      const page = await ask<{ items: Postback[] }>('GET', `/postbacks?conversion_id=${conversionId}`);
      const [listed, ...others] = page.items;
      assert.ok(listed && others.length === 0 && ['delivered', 'failed'].includes(listed.state), 'not yet');
      return await ask<Postback>('GET', `/postbacks/${listed.postback_id}`);
    });
  }

  function keitaroUrl({ subid, tid }: { subid: string; tid: string }): string {
    const preset = findPreset('keitaro')?.url ?? '';
    const values = { '<key>': 'a1b2c3', '{ref_id}': subid, '{status}': 'approved', '{payout}': '12.50' };
    return Object.entries({ ...values, '{conversion_id}': tid, 'https://<domain>': tracker.origin }).reduce(
      (url, [macro, value]) => url.replace(macro, value),
      preset,
    );
  }

  /** What the tracker has got since the last look. */
  function takeReceived(): string[] {
    return tracker.received.splice(0).map(({ target }) => tracker.origin + target);
  }

  async function ask<T>(method: 'GET' | 'POST' | 'PUT', path: string, body?: object, status = 200): Promise<T> {
    const answer = await call(`${program.publicUrl}/v1/partner${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    assert.equal(answer.status, status, answer.body);
    return JSON.parse(answer.body) as T;
  }
});
