import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import request from 'supertest';
import { dropEndedSessions } from '../../../../src/db/retention/drop-expired.ts';
import { createTestDatabase, startOutage } from '../../../support/database.ts';
import type { ConsoleVisitor } from '../../browser-without-scripts.ts';
import { buildConsole, type Console } from '../../build-console.ts';

describe('signing in to the console', () => {
  let db: Knex;
  let site: Console;

  const isIn = async (visitor: ConsoleVisitor) => (await visitor.get('/console')).status === 200;
  const cookiesOf = (response: { headers: Record<string, unknown> }) =>
    (response.headers['set-cookie'] ?? []) as string[];

  before(async () => {
    ({ db } = await createTestDatabase());
  });
  beforeEach(async () => {
    site = await buildConsole(db);
  });
  after(() => db.destroy());

  it('takes who is not signed in to the login, and back to where it wanted to go', async () => {
    const visitor = site.visitor();
    const refused = await visitor.get('/console/key?a=1');
    assert.equal(refused.status, 303);
    const login = refused.headers.location ?? '';
    assert.equal(login, '/console/login?next=%2Fconsole%2Fkey%3Fa%3D1');
    const page = await visitor.get(login);
    const next = /name="next" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const answer = await visitor.post('/console/login', { api_key: site.key, next });
    assert.deepEqual([answer.status, answer.headers.location], [303, '/console/key?a=1']);
    assert.ok(await isIn(visitor));
  });

  for (const next of [
    'https://evil.example/',
    '//evil.example/console',
    '/console/login',
    '/consoles',
    'javascript:1',
  ]) {
    it(`leads nowhere but to our own pages: ${next}`, async () => {
      const visitor = site.visitor();
      await visitor.get('/console/login');
      const answer = await visitor.post('/console/login', { api_key: site.key, next });
      assert.equal(answer.headers.location, '/console');
    });
  }

  it('refuses a wrong key beside its field, and keeps where to go', async () => {
    const visitor = site.visitor();
    await visitor.get('/console/login');
    const answer = await visitor.post('/console/login', { api_key: 'ck_wrong', next: '/console/key' });
    assert.equal(answer.status, 401);
    assert.match(answer.text, /aria-invalid="true"/);
    assert.match(answer.text, /name="next" value="\/console\/key"/);
    assert.ok(!answer.text.includes('ck_wrong'));
    assert.ok(!(await isIn(visitor)));
  });

  it('counts wrong keys of one address together with those that it tries at the API', async () => {
    const visitor = site.visitor();
    await visitor.get('/console/login');
    for (let count = 0; count < 15; count++) {
      await visitor.post('/console/login', { api_key: `ck_wrong${count}` });
      await request(site.app).get('/v1/partner').set('authorization', `Bearer ck_other${count}`).expect(401);
    }
    assert.equal((await visitor.post('/console/login', { api_key: 'ck_wrong' })).status, 429);
    await request(site.app).get('/v1/partner').set('authorization', 'Bearer ck_other').expect(429);
  });

  it('refuses an address after thirty wrong keys, and says to wait', async () => {
    const visitor = site.visitor();
    await visitor.get('/console/login');
    for (let count = 0; count < 30; count++) await visitor.post('/console/login', { api_key: `ck_wrong${count}` });
    const answer = await visitor.post('/console/login', { api_key: 'ck_wrong' });
    assert.equal(answer.status, 429);
    assert.match(answer.text, /wait a minute/);
    // A right key is heard all the same.
    await visitor.post('/console/login', { api_key: site.key });
    assert.ok(await isIn(visitor));
  });

  it('gives a cookie that scripts cannot read, other sites cannot send, and that only https carries', async () => {
    for (const [publicUrl, isSecure] of [
      ['http://console.test', false],
      ['https://console.test', true],
    ] as const) {
      const visitor = (await buildConsole(db, { publicUrl })).visitor();
      for (const cookie of cookiesOf(await visitor.get('/console/login'))) {
        assert.match(cookie, /Path=\/console; HttpOnly/);
        assert.match(cookie, /SameSite=Lax/);
        assert.equal(cookie.includes('; Secure'), isSecure);
      }
    }
  });

  it('keeps no page, and lets no script run but its own', async () => {
    const visitor = await site.signedIn();
    const { headers } = await visitor.get('/console');
    assert.equal(headers['cache-control'], 'no-store');
    const policy = headers['content-security-policy'] ?? '';
    for (const rule of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "style-src 'self'"]) {
      assert.ok(policy.includes(rule), policy);
    }
  });

  it('comes first in at most 100 KB, with all that its page needs', async () => {
    const { text } = await site.visitor().get('/console/login');
    const paths = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
    const sizes = [...new Set(paths)].map(async (path) => {
      const { headers } = await request(site.app).get(path).set('accept-encoding', 'gzip').expect(200);
      assert.match(headers['cache-control'] ?? '', /immutable/);
      return Number(headers['content-length']);
    });
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, Buffer.byteLength(text));
    assert.ok(paths.length >= 5 && bytes <= 100 * 1024, `${bytes} bytes`);
  });

  it('ends by signing out, for good', async () => {
    const visitor = await site.signedIn();
    await visitor.get('/console');
    assert.equal((await visitor.post('/console/logout')).headers.location, '/console/login');
    assert.ok(!(await isIn(visitor)));
    assert.deepEqual(await db('console_sessions').where({ partner_id: site.partnerId }).select('session_hash'), []);
  });

  it('ends everywhere at once when the partner asks for that', async () => {
    const [here, there] = [await site.signedIn(), await site.signedIn()];
    const page = await here.get('/console/key');
    assert.equal(page.text.split('Another browser').length - 1, 1);
    await here.post('/console/key/sign-out-everywhere');
    assert.deepEqual([await isIn(here), await isIn(there)], [false, false]);
  });

  it('is forgotten when its time is over: the own ones at the next one, those of others by the retention', async () => {
    const other = await buildConsole(db);
    await Promise.all([site.signedIn(), other.signedIn()]);
    await db('console_sessions').update({ expires_at: db.fn.now() });
    await site.signedIn();
    const left = async ({ partnerId }: Console) =>
      (await db('console_sessions').where({ partner_id: partnerId }).select('session_hash')).length;
    assert.deepEqual([await left(site), await left(other)], [1, 1]);
    await dropEndedSessions(db, { days: 0, windowMs: 0, after: '' });
    assert.deepEqual([await left(site), await left(other)], [1, 0]);
  });

  it('ends when its time is over', async () => {
    const visitor = await site.signedIn();
    await db('console_sessions').where({ partner_id: site.partnerId }).update({ expires_at: db.fn.now() });
    assert.ok(!(await isIn(visitor)));
  });

  it('is kept while the database is away, and the page says so', async () => {
    const visitor = await site.signedIn();
    const outage = await startOutage(db);
    try {
      const { status, headers, text } = await visitor.get('/console');
      assert.deepEqual([status, headers['retry-after']], [503, '5']);
      assert.match(text, /Not available at the moment/);
      assert.equal((await visitor.post('/console/key')).status, 503);
    } finally {
      await outage.end();
    }
    assert.ok(await isIn(visitor));
  });

  it('shows a name that holds script as text', async () => {
    await db('partners').where({ partner_id: site.partnerId }).update({ name: '<script>alert(1)</script>' });
    const { text } = await (await site.signedIn()).get('/console');
    assert.ok(text.includes('&lt;script&gt;alert(1)&lt;/script&gt;') && !text.includes('<script>alert'));
  });

  it('is known to processes with the same secret, also when it has been put behind a new one, and to no others', async () => {
    const visitor = await site.signedIn();
    const through = async (...secrets: string[]) =>
      await isIn(visitor.through(await buildConsole(db, { console: { secrets, sessionMs: 60_000 } })));
    assert.ok(await through('a new secret of ours', 'a secret of sixteen'));
    assert.ok(!(await through('a new secret of ours')));
  });
});

describe('the forms of the console', () => {
  let db: Knex;
  let site: Console;
  let visitor: ConsoleVisitor;

  before(async () => {
    ({ db } = await createTestDatabase());
  });
  beforeEach(async () => {
    site = await buildConsole(db);
    visitor = await site.signedIn();
    await visitor.get('/console/key');
  });
  after(() => db.destroy());

  for (const path of ['/console/login', '/console/logout', '/console/key', '/console/key/sign-out-everywhere']) {
    it(`are refused without the token of a page of ours: ${path}`, async () => {
      assert.equal((await visitor.postWithout(path, { api_key: site.key })).status, 403);
      assert.equal((await visitor.postWithout(path, { csrf: 'wrong', api_key: site.key })).status, 403);
      assert.equal((await visitor.get('/console')).status, 200);
    });

    it(`are refused when they come from another site, whatever they hold: ${path}`, async () => {
      for (const origin of ['https://evil.example', 'null', 'http://console.test.evil.example']) {
        assert.equal((await visitor.post(path, { api_key: site.key }, { origin })).status, 403);
      }
      assert.equal((await visitor.get('/console')).status, 200);
    });
  }

  it("are refused with the token of another partner's page", async () => {
    const other = await (await buildConsole(db)).signedIn();
    const token = /name="csrf" value="([^"]+)"/.exec((await other.get('/console/key')).text)?.[1] ?? '';
    assert.equal((await visitor.postWithout('/console/logout', { csrf: token })).status, 403);
  });

  it('are taken from a page of our own', async () => {
    assert.equal((await visitor.post('/console/logout', {}, { origin: 'http://console.test' })).status, 303);
  });
});

describe('replacing the key in the console', () => {
  let db: Knex;
  let site: Console;

  const newKeyIn = (text: string) => /<pre id="new-key">(ck_\w+)<\/pre>/.exec(text)?.[1] ?? '';
  const prefixIn = (text: string) => /name="replaces" value="([^"]+)"/.exec(text)?.[1] ?? '';
  const statusWith = async (key: string) =>
    (await site.asPartner({ partnerId: site.partnerId, key }).call('get', '')).status;

  before(async () => {
    ({ db } = await createTestDatabase());
  });
  beforeEach(async () => {
    site = await buildConsole(db);
  });
  after(() => db.destroy());

  async function replace(keepOldForSeconds: string) {
    const [here, there] = [await site.signedIn(), await site.signedIn()];
    const form = { keep_old_for_seconds: keepOldForSeconds, replaces: prefixIn((await here.get('/console/key')).text) };
    const answer = await here.post('/console/key', form);
    return { here, there, form, key: newKeyIn(answer.text) };
  }

  it('shows the new key once, and stays signed in where it was asked for', async () => {
    const { here, there, key } = await replace('0');
    assert.deepEqual([await statusWith(key), await statusWith(site.key)], [200, 401]);
    assert.equal(newKeyIn((await here.get('/console/key')).text), '');
    assert.deepEqual([(await here.get('/console')).status, (await there.get('/console')).status], [200, 303]);
  });

  it('lets the old key and its sessions go on for as long as was chosen', async () => {
    const { there, key } = await replace('3600');
    assert.deepEqual([await statusWith(key), await statusWith(site.key)], [200, 200]);
    assert.equal((await there.get('/console')).status, 200);
    await db('partners').where({ partner_id: site.partnerId }).update({ old_api_key_until: db.fn.now() });
    assert.equal((await there.get('/console')).status, 303);
  });

  it('once more by the same form, as a reload does, changes nothing', async () => {
    const { here, form, key } = await replace('3600');
    const again = await here.post('/console/key', form);
    assert.deepEqual([again.status, newKeyIn(again.text)], [409, '']);
    assert.match(again.text, /replaced since this form was shown/);
    assert.deepEqual([await statusWith(key), await statusWith(site.key)], [200, 200]);
  });

  it('once more because its answer was lost leaves the key that programs have', async () => {
    const { here, form, key } = await replace('3600');
    const again = await here.post('/console/key', form);
    const lost = { keep_old_for_seconds: 'lost', replaces: prefixIn(again.text) };
    assert.match(again.text, /value="lost" selected/);
    const newest = newKeyIn((await here.post('/console/key', lost)).text);
    assert.deepEqual([await statusWith(newest), await statusWith(key), await statusWith(site.key)], [200, 401, 200]);
    assert.equal((await here.get('/console')).status, 200);
  });

  it('by the API ends what is signed in with the old one', async () => {
    const there = await site.signedIn();
    await site.call('post', '/key').expect(200);
    assert.equal((await there.get('/console')).status, 303);
  });
});
