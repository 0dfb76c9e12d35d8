import assert from 'node:assert/strict';
import type { Express } from 'express';
import request from 'supertest';
import { createTestDatabase } from '../../support/database.ts';
import { assertFields } from '../../support/fields.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY, buildOpsApp, makeAdminDeps } from '../build-ops-app.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';

const URL = 'https://bank.example/export.csv';
const PULL = { url: URL, every_minutes: 60 };

type Body = Record<string, unknown>;
type Refusal = { detail: string; problems: { field: string; message: string }[] };

describe("pulls of an advertiser's export", () => {
  let network: Network;
  let site: OpsConsole;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    site = buildOpsConsole(network);
  });
  beforeEach(async () => {
    for (const table of ['pull_settings', 'pull_standings', 'pulls']) await network.db(table).delete();
  });
  afterEach(() => assert.deepEqual(site.logged, []));
  after(() => network.close());

  type Method = 'get' | 'put' | 'post' | 'delete';
  const call = (
    method: Method,
    path = '/pull',
    { app = site.app, key = ADMIN_KEY }: { app?: Express; key?: string } = {},
  ) =>
    request(app)[method](`/v1/admin/advertisers/${network.advertiserId}${path}`).set('authorization', `Bearer ${key}`);
  const put = async (changes: Body = {}) =>
    (
      await call('put')
        .send({ ...PULL, ...changes })
        .expect(200)
    ).body as Body;
  const standing = async () =>
    await network.db('pull_standings').first<{ tell_at: string | null; run_asked_at: string | null }>();

  async function refused(changes: Body): Promise<Refusal['problems']> {
    const answer = await call('put').send({ ...PULL, ...changes });
    assert.equal(answer.status, 400, answer.text);
    return (answer.body as Refusal).problems;
  }

  it('are set up, told to Temporal by the relays, read, changed and ended', async () => {
    assertFields(await put(), { ...PULL, format: 'auto', headers: {}, mapping: {}, notify: true, state: 'active' });
    assert.ok((await standing())?.tell_at, 'no relay would tell Temporal');
    assertFields((await call('get').expect(200)).body as Body, { url: URL, failing_since: null, failures: 0 });
    assertFields(await put({ every_minutes: 1440, notify: false, format: 'csv' }), {
      every_minutes: 1440,
      notify: false,
    });
    await network.db('pull_standings').update({ tell_at: null });
    await call('delete').expect(204);
    assert.ok((await standing())?.tell_at, 'the Schedule would stay');
    await call('get').expect(404);
    await call('delete').expect(404);
  });

  it('are paused, resumed and begun at once, also while paused', async () => {
    await put();
    assertFields((await call('post', '/pull/pause').expect(202)).body as Body, { state: 'paused' });
    assertFields(await put(), { state: 'paused' });
    const asked = (await call('post', '/pull/run').expect(202)).body as Body;
    assert.equal(typeof asked['run_asked_at'], 'string');
    assertFields((await call('post', '/pull/resume').expect(202)).body as Body, { state: 'active' });
    assertFields(await put({ state: 'paused' }), { state: 'paused' });
  });

  it('are only there for an advertiser that is, and has them', async () => {
    await call('post', '/pull/run').expect(404);
    await request(site.app)
      .put('/v1/admin/advertisers/nobody/pull')
      .set('authorization', `Bearer ${ADMIN_KEY}`)
      .send(PULL)
      .expect(404);
  });

  it('go to the public internet by https, or where the operator allows it', async () => {
    for (const [url, message] of [
      ['http://bank.example/export.csv', /must start with https/],
      ['https://10.0.0.1/export.csv', /not an address on the public internet/],
      ['https://[::1]/export.csv', /not an address on the public internet/],
      ['http://93.184.216.34/export.csv', /must start with https/],
      ['https://me:secret@bank.example/', /must not carry a user name/],
      ['ftp://bank.example/', /must start with http/],
      ['https://bank.example:22/', /port 22 is not allowed/],
      ['nothing', /must start with http/],
    ] as const) {
      const [problem] = await refused({ url });
      assert.equal(problem?.field, 'url', url);
      assert.match(problem.message, message, url);
    }
    await put({ url: 'http://127.0.0.1:8080/export.csv' });
    await put({ url: 'http://localhost:8080/export.csv' });
  });

  it('refuse what cannot be', async () => {
    for (const [changes, field] of [
      [{ every_minutes: 4 }, 'every_minutes'],
      [{ every_minutes: 10_081 }, 'every_minutes'],
      [{ every_minutes: '60' }, 'every_minutes'],
      [{ format: 'xml' }, 'format'],
      [{ state: 'off' }, 'state'],
      [{ headers: { host: 'other.example' } }, 'headers.host'],
      [{ headers: { 'If-None-Match': '*' } }, 'headers.If-None-Match'],
      [{ headers: { 'x key': 'a' } }, 'headers.x key'],
      [{ headers: { 'x-key': 'a\r\nhost: b' } }, 'headers.x-key'],
      [{ headers: { 'x-key': 'ключ' } }, 'headers.x-key'],
      [{ headers: { 'x-key': '' } }, 'headers.x-key'],
      [{ headers: { 'x-key': 'a', 'X-Key': 'b' } }, 'headers.X-Key'],
      [{ headers: { 'x-key': null } }, 'headers.x-key'],
      [{ headers: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`x-${index}`, 'a'])) }, 'headers'],
      [{ secret: 'x' }, 'secret'],
    ] as const) {
      assert.deepEqual(
        (await refused(changes)).map((problem) => problem.field),
        [field],
      );
    }
  });

  it('keep headers sealed, show their names alone, and keep those that are not given again', async () => {
    const headers = { Authorization: 'Bearer very-secret', 'x-account': '17' };
    assertFields(await put({ headers }), { headers: { Authorization: null, 'x-account': null } });
    const stored = async () =>
      (await network.db('pull_settings').first<{ headers_secret: string | null }>())?.headers_secret ?? null;
    const first = await stored();
    assert.ok(first?.startsWith('v1.'), 'they are not sealed');
    assertFields(await put({ every_minutes: 90 }), { headers: { Authorization: null, 'x-account': null } });
    assertFields(await put({ headers: { Authorization: null } }), { headers: { Authorization: null } });
    const log = await request(site.app).get('/v1/admin/audit?limit=200').set('authorization', `Bearer ${ADMIN_KEY}`);
    assert.match(log.text, /Authorization/);
    assert.doesNotMatch(log.text, /very-secret|v1\./);
    assertFields(await put({ headers: {} }), { headers: {} });
    assert.equal(await stored(), null);
  });

  it('never take a kept header to another server', async () => {
    await put({ headers: { 'x-key': 'secret' } });
    for (const headers of [undefined, { 'x-key': null }]) {
      const [problem] = await refused({ url: 'https://other.example/export.csv', headers });
      assert.equal(problem?.field, 'headers.x-key');
      assert.match(problem.message, /another server/);
    }
    await put({ url: 'https://bank.example/other.csv', headers: { 'x-key': null } });
    await put({ url: 'https://other.example/export.csv', headers: { 'x-key': 'new' } });
  });

  it('take no headers where there is no key to keep them with', async () => {
    const { app } = buildOpsApp(network, { admin: { ...makeAdminDeps(network), pullHeaderKeys: [] } });
    const answer = await call('put', '/pull', { app }).send({ ...PULL, headers: { 'x-key': 'a' } });
    assert.equal(answer.status, 409);
    assert.match((answer.body as Refusal).detail, /set PULL_HEADERS_KEY/);
    await call('put', '/pull', { app }).send(PULL).expect(200);
  });

  it('are begun and paused by the role operate, and changed by admins', async () => {
    await put();
    const key = await site.makeKey('operate');
    await call('post', '/pull/run', { key }).expect(202);
    await call('post', '/pull/pause', { key }).expect(202);
    await call('put', '/pull', { key }).send(PULL).expect(403);
    await call('delete', '/pull', { key }).expect(403);
    const reader = await site.makeKey('read');
    await call('get', '/pull', { key: reader }).expect(200);
    await call('post', '/pull/run', { key: reader }).expect(403);
  });

  it('are listed with what came of each, the newest first, page by page', async () => {
    const { advertiserId: advertiser_id } = network;
    const at = new Date();
    const pull = { advertiser_id, revised_at: at, started_at: at, ended_at: at, attempts: 1 };
    await network.db('pulls').insert([
      { ...pull, pull_id: 'p1', run_id: '1', result: 'failed', http_status: 401, problem: 'http_status', attempts: 3 },
      { ...pull, pull_id: 'p2', run_id: '2', result: 'imported', http_status: 200, bytes: 5, import_id: 'i2' },
      { ...pull, pull_id: 'p3', run_id: '3', result: null, ended_at: null },
    ]);
    type Page = { items: Body[]; next_cursor: string };
    const first = (await call('get', '/pulls?limit=2').expect(200)).body as Page;
    assert.deepEqual(
      first.items.map(({ pull_id, result, error }) => [pull_id, result, error]),
      [
        ['p3', null, null],
        ['p2', 'imported', null],
      ],
    );
    const rest = (await call('get', `/pulls?limit=2&cursor=${first.next_cursor}`).expect(200)).body as Page;
    assert.equal(rest.next_cursor, null);
    assertFields(rest.items[0] ?? {}, { pull_id: 'p1', http_status: 401, attempts: 3, import_id: null });
    assert.match(String(rest.items[0]?.['error']), /does not let us in \(401\): check the headers/);
  });
});
