import assert from 'node:assert/strict';
import request from 'supertest';
import { createTestDatabase, startOutage } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY } from '../build-ops-app.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';

type Body = Record<string, unknown>;

describe("the admins' keys", () => {
  let network: Network;
  let site: OpsConsole;

  const call = (method: 'get' | 'post' | 'delete', path: string, key = ADMIN_KEY) =>
    request(site.app)[method](`/v1/admin${path}`).set('authorization', `Bearer ${key}`);
  const make = (name: string, role: string, key?: string) => call('post', '/keys', key).send({ name, role });

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    site = buildOpsConsole(network);
  });
  afterEach(() => assert.deepEqual(site.logged, []));
  after(() => network.close());

  it('are made by name and role, and shown once', async () => {
    const made = (await make('anna', 'operate').expect(201)).body as Body;
    assert.match(String(made.key), /^ak_/);
    assert.deepEqual(
      [made.name, made.role, made.created_by, made.last_used_at, made.revoked_at],
      ['anna', 'operate', 'root', null, null],
    );
    await call('get', '/partners', String(made.key)).expect(200);
    const answer = await call('get', '/keys').expect(200);
    const { text } = answer;
    assert.ok(!text.includes(String(made.key)) && text.includes(String(made.key_prefix)));
    const [listed] = (answer.body as { keys: Body[] }).keys;
    assert.notEqual(listed?.last_used_at, null);
  });

  it('have names of their own, none of them root, or that of what the program does by itself', async () => {
    await make('ben', 'read').expect(201);
    assert.equal(((await make('ben', 'read').expect(409)).body as Body).kind, 'taken');
    for (const name of ['root', 'system', 'Ben', 'b', 'a b', '', 'x'.repeat(41)]) await make(name, 'read').expect(400);
    await make('carl', 'owner').expect(400);
  });

  it('end at once when they are revoked, once; the name may get another', async () => {
    const key = await site.makeKey('admin', 'dora');
    await call('get', '/keys', key).expect(200);
    const revoked = (await call('delete', '/keys/dora').expect(200)).body as Body;
    assert.notEqual(revoked.revoked_at, null);
    await call('get', '/keys', key).expect(401);
    await call('delete', '/keys/dora').expect(404);
    const again = await site.makeKey('read', 'dora');
    assert.notEqual(again, key);
    await call('get', '/keys', again).expect(200);
    await call('get', '/keys', key).expect(401);
  });

  it('do not reach the one of the configuration, which is root, is known without the database, and cannot be revoked', async () => {
    assert.equal(((await call('delete', '/keys/root').expect(409)).body as Body).kind, 'conflict');
    const database = await createTestDatabase();
    const other = buildOpsConsole(await createNetwork(database));
    const outage = await startOutage(database.db);
    const answer = await request(other.app).get('/v1/admin/keys').set('authorization', `Bearer ${ADMIN_KEY}`);
    assert.equal(answer.status, 503);
    await outage.end();
    await database.db.destroy();
  });

  it('may do what their role says, and are told which role is needed', async () => {
    const keys = { read: await site.makeKey('read'), operate: await site.makeKey('operate') };
    await call('get', '/partners', keys.read).expect(200);
    const refused = await call('post', '/status-calls/1/accept', keys.read).expect(403);
    const { kind, detail } = refused.body as { kind: string; detail: string };
    assert.equal(kind, 'forbidden');
    assert.match(detail, /^POST \/v1\/admin\/status-calls\/1\/accept needs the role operate; the key read-\d+ has/);
    await call('post', '/status-calls/1/accept', keys.operate).expect(404);
    for (const role of ['read', 'operate'] as const) {
      await make('eve', 'read', keys[role]).expect(403);
      await call('delete', '/keys/anna', keys[role]).expect(403);
      await call('post', '/partners', keys[role]).send({ name: 'Ann' }).expect(403);
    }
  });
});
