import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import type { Preview, TestResult } from '../../../src/outbound/test-call.ts';
import { createTestDatabase } from '../../support/database.ts';
import { startPartnerServer, type PartnerServer } from '../../support/partner-server.ts';
import { settingsFor } from '../../support/postback-settings.ts';
import { buildPartnerApi, type PartnerApi } from '../build-partner-api.ts';
import { partnerDeps } from '../partner-deps.ts';

describe("a partner's test calls by its own API", () => {
  let db: Knex;
  let api: PartnerApi;
  let tracker: PartnerServer;

  const preview = async (body: object) =>
    (await api.call('post', '/postback/preview', body).expect(200)).body as Preview;
  const test = async (body: object) => (await api.call('post', '/postback/test', body).expect(200)).body as TestResult;
  const save = () => api.call('put', '/postback', settingsFor(tracker.url)).expect(200);

  before(async () => {
    ({ db } = await createTestDatabase());
  });
  beforeEach(async () => {
    tracker = await startPartnerServer();
    api = await buildPartnerApi(db, { partner: partnerDeps(db, { allowCidrs: ['127.0.0.0/8'] }) });
  });
  afterEach(() => tracker.stop());
  after(() => db.destroy());

  it('show what would be sent by the saved settings, and send nothing', async () => {
    await save();
    const { request } = await preview({ status: 'approved', ref_id: 'my click' });
    assert.match(request.url, /\/in\?ref=my%20click&status=approved/);
    assert.equal(tracker.received.length, 0);
  });

  it('send exactly what they show, and tell what came back', async () => {
    await save();
    tracker.answer(204);
    const { request, response, verdict, explanation } = await test({ status: 'pending' });
    assert.deepEqual(
      tracker.received.map(({ target }) => tracker.origin + target),
      [request.url],
    );
    assert.deepEqual([response?.http_status, verdict], [204, 'refused']);
    assert.match(explanation, /204 is not 200/);
  });

  it('try a draft in place of what is saved', async () => {
    await save();
    const postback = settingsFor('https://draft.example/?c={ref_id}&s={status}');
    assert.match((await preview({ status: 'approved', postback })).request.url, /^https:\/\/draft\.example\//);
  });

  it('are signed with the secret that the partner has', async () => {
    const { secret } = (await api.call('post', '/signing-secret').expect(200)).body as { secret: string };
    assert.match(secret, /^whsec_/);
    const postback = settingsFor(tracker.url, { method: 'POST', body: 'json' });
    assert.ok((await test({ status: 'approved', postback })).request.headers['webhook-signature']);
    const { items } = (await api.call('get', '/signing-secret').expect(200)).body as { items: { prefix: string }[] };
    assert.ok(secret.startsWith(items[0]?.prefix ?? 'nothing') && !JSON.stringify(items).includes(secret));
    await api.call('delete', '/signing-secret').expect(204);
    assert.equal((await test({ status: 'approved', postback })).request.headers['webhook-signature'], undefined);
  });

  it('of a draft that could not be saved name its field as when it is saved', async () => {
    for (const [url, message] of [
      ['https://t.example/?c={refid}', /ref_id/],
      ['http://10.0.0.1/?c={ref_id}', /public internet/],
    ] as const) {
      for (const path of ['/postback/preview', '/postback/test']) {
        const refused = await api.call('post', path, { status: 'approved', postback: { url } }).expect(422);
        const [problem] = (refused.body as { errors: { field: string; message: string }[] }).errors;
        assert.equal(problem?.field, 'url');
        assert.match(problem?.message ?? '', message);
      }
    }
  });

  it('are refused when a value is wrong, and in conflict without any settings', async () => {
    for (const body of [
      {},
      { status: 'paid' },
      { status: 'approved', ref_id: 'x'.repeat(33) },
      { status: 'approved', a: 1 },
    ]) {
      await api.call('post', '/postback/test', body).expect(400);
    }
    await api.call('post', '/postback/test', { status: 'approved' }).expect(409);
    await api.call('post', '/postback/preview', { status: 'approved' }).expect(409);
  });

  it('are sent ten a minute for each partner; previews as often as wanted', async () => {
    await save();
    for (let count = 0; count < 10; count++) await test({ status: 'approved' });
    await api.call('post', '/postback/test', { status: 'approved' }).expect(429);
    assert.equal(tracker.received.length, 10);
    await preview({ status: 'approved' });
  });
});
