import assert from 'node:assert/strict';
import request from 'supertest';
import { dropEndedSessions } from '../../../src/db/retention/drop-expired.ts';
import { createPartner } from '../../../src/db/partners.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import type { ConsoleVisitor } from '../browser-without-scripts.ts';
import { buildConsole } from '../build-console.ts';
import { ADMIN_KEY, makeAdminDeps } from '../build-ops-app.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';

describe('signing in to the ops console', () => {
  let network: Network;
  let site: OpsConsole;

  const isIn = async (visitor: ConsoleVisitor) => (await visitor.get('/ops')).status === 200;
  const cookiesOf = (response: { headers: Record<string, unknown> }) =>
    (response.headers['set-cookie'] ?? []) as string[];

  before(async () => {
    network = await createNetwork(await createTestDatabase());
  });
  beforeEach(() => {
    site = buildOpsConsole(network);
  });
  afterEach(() => assert.deepEqual(site.logged, []));
  after(() => network.close());

  it('is where the listener leads to', async () => {
    await request(site.app).get('/').expect(302).expect('location', '/ops');
  });

  it('takes who is not signed in to the login, and back to where it wanted to go', async () => {
    const visitor = site.visitor();
    const refused = await visitor.get('/ops?a=1');
    assert.deepEqual([refused.status, refused.headers.location], [303, '/ops/login?next=%2Fops%3Fa%3D1']);
    await visitor.get('/ops/login?next=%2Fops%3Fa%3D1');
    const answer = await visitor.post('/ops/login', { api_key: ADMIN_KEY, next: '/ops?a=1' });
    assert.deepEqual([answer.status, answer.headers.location], [303, '/ops?a=1']);
    assert.ok(await isIn(visitor));
  });

  it('leads nowhere but to its own pages', async () => {
    for (const next of ['https://evil.example/', '//evil.example/ops', '/console', '/ops/login']) {
      const visitor = site.visitor();
      await visitor.get('/ops/login');
      assert.equal((await visitor.post('/ops/login', { api_key: ADMIN_KEY, next })).headers.location, '/ops');
    }
  });

  it('says who is signed in and what the key may do', async () => {
    for (const [role, name] of [
      ['read', 'ruth'],
      ['operate', 'otto'],
    ] as const) {
      const { text } = await (await site.signedIn(await site.makeKey(role, name))).get('/ops');
      assert.match(text, new RegExp(`${name} <small>role ${role}</small>`));
    }
  });

  it('refuses a wrong key beside its field, and slows down who guesses, together with guesses at the API', async () => {
    const visitor = site.visitor();
    await visitor.get('/ops/login');
    const wrong = await visitor.post('/ops/login', { api_key: 'ak_wrong' });
    assert.equal(wrong.status, 401);
    assert.match(wrong.text, /aria-invalid="true"/);
    assert.ok(!wrong.text.includes('ak_wrong'));
    for (let count = 0; count < 15; count++) {
      await visitor.post('/ops/login', { api_key: `ak_wrong${count}` });
      await request(site.app).get('/v1/admin/partners').set('authorization', `Bearer ak_other${count}`);
    }
    assert.equal((await visitor.post('/ops/login', { api_key: 'ak_wrong' })).status, 429);
    // A right key is heard all the same.
    await visitor.post('/ops/login', { api_key: ADMIN_KEY });
    assert.ok(await isIn(visitor));
  });

  it("refuses a partner's key, as a partner's console refuses an admin's", async () => {
    const { apiKey } = await createPartner(network.db, { name: 'Ann' });
    const visitor = site.visitor();
    await visitor.get('/ops/login');
    assert.equal((await visitor.post('/ops/login', { api_key: apiKey })).status, 401);
    const partners = (await buildConsole(network.db)).visitor();
    await partners.get('/console/login');
    assert.equal((await partners.post('/console/login', { api_key: ADMIN_KEY })).status, 401);
  });

  it("gives a cookie for its own pages alone, which a partner's console would not take for its own", async () => {
    const visitor = site.visitor();
    await visitor.get('/ops/login');
    const [cookie = ''] = cookiesOf(await visitor.post('/ops/login', { api_key: ADMIN_KEY }));
    assert.match(cookie, /^ops_session=/);
    assert.match(cookie, /Path=\/ops; HttpOnly; SameSite=Strict/);

    const signed = /^ops_session=([^;]+)/.exec(cookie)?.[1] ?? '';
    const partners = await buildConsole(network.db);
    const taken = await request(partners.app).get('/console').set('cookie', `console_session=${signed}`);
    assert.equal(taken.status, 303);
    const partner = await partners.signedIn();
    await partner.get('/console');
    const login = partners.visitor();
    await login.get('/console/login');
    const [theirs = ''] = cookiesOf(await login.post('/console/login', { api_key: partners.key }));
    const renamed = `ops_session=${/^console_session=([^;]+)/.exec(theirs)?.[1] ?? ''}`;
    assert.equal((await request(site.app).get('/ops').set('cookie', renamed)).status, 303);
  });

  it('sends the cookie by https alone where https has brought the request', async () => {
    const behindProxy = buildOpsConsole(network, { trustProxy: 1 });
    const over = async (scheme: string) =>
      cookiesOf(await request(behindProxy.app).get('/ops/login').set('x-forwarded-proto', scheme)).every((cookie) =>
        cookie.includes('; Secure'),
      );
    assert.deepEqual([await over('https'), await over('http')], [true, false]);
  });

  it('keeps no page, lets no script run but its own, and may be framed by nobody', async () => {
    const { headers } = await (await site.signedIn()).get('/ops');
    assert.equal(headers['cache-control'], 'no-store');
    for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"]) {
      assert.ok(headers['content-security-policy']?.includes(rule), rule);
    }
  });

  it('ends by signing out, for good', async () => {
    const visitor = await site.signedIn();
    await visitor.get('/ops');
    assert.equal((await visitor.post('/ops/logout')).headers.location, '/ops/login');
    assert.ok(!(await isIn(visitor)));
  });

  it('ends with its key, at once', async () => {
    const visitor = await site.signedIn(await site.makeKey('operate', 'leaver'));
    assert.ok(await isIn(visitor));
    await request(site.app).delete('/v1/admin/keys/leaver').set('authorization', `Bearer ${ADMIN_KEY}`).expect(200);
    assert.ok(!(await isIn(visitor)));
  });

  it('ends for root when the key of the configuration is another one', async () => {
    const visitor = await site.signedIn();
    const admin = { ...makeAdminDeps(network), adminApiKey: 'another admin key' };
    const changed = buildOpsConsole(network, { admin });
    assert.ok(!(await isIn(visitor.through(changed))));
  });

  it('ends when its time is over, and is forgotten then', async () => {
    const visitor = await site.signedIn();
    await network.db('ops_sessions').update({ expires_at: network.db.fn.now() });
    assert.ok(!(await isIn(visitor)));
    await dropEndedSessions(network.db, { days: 0, windowMs: 0, after: '' });
    assert.deepEqual(await network.db('ops_sessions').select('session_hash'), []);
  });

  it('takes no form without the token of a page of its own', async () => {
    const visitor = await site.signedIn();
    const other = await site.signedIn();
    const { text } = await other.get('/ops');
    const csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? '';
    for (const answer of [
      await visitor.postWithout('/ops/logout'),
      await visitor.postWithout('/ops/logout', { csrf }),
      await visitor.postWithout('/ops/login', { api_key: ADMIN_KEY }),
    ]) {
      assert.equal(answer.status, 403);
    }
    assert.ok(await isIn(visitor));
  });

  it('lets pages of other sites do no more than link to it', async () => {
    const visitor = await site.signedIn();
    await visitor.get('/ops');
    const link = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    for (const site of ['cross-site', 'same-site']) {
      for (const [how, headers] of [
        ['asked for by a script', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
        ['put into a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
        ['loaded as an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
      ] as const) {
        const answer = await visitor.get('/ops', { 'sec-fetch-site': site, ...headers });
        assert.equal(answer.status, 403, `${how}, ${site}`);
      }
      assert.equal((await visitor.get('/ops', { 'sec-fetch-site': site, ...link })).status, 200);
      assert.equal((await visitor.post('/ops/logout', {}, { 'sec-fetch-site': site, ...link })).status, 403);
    }
    for (const origin of ['https://evil.example', 'http://localhost:3000', 'null']) {
      assert.equal((await visitor.post('/ops/logout', {}, { origin, host: 'localhost:3001' })).status, 403, origin);
    }
    assert.ok(await isIn(visitor));
  });

  it('leads on to the page that a link of another site led to, to which a browser sends no session', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const answer = await site.visitor().get('/ops?a=1', headers);
    assert.equal(answer.status, 200);
    assert.match(answer.text, /http-equiv="refresh" content="0;url=\/ops\?a=1"/);
  });

  it('shows a page that is not there as one of its own', async () => {
    const answer = await (await site.signedIn()).get('/ops/nowhere');
    assert.equal(answer.status, 404);
    assert.match(answer.text, /There is no page \/ops\/nowhere/);
  });
});
