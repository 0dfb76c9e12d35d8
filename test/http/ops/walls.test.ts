import assert from 'node:assert/strict';
import request from 'supertest';
import { createPartner } from '../../../src/db/partners.ts';
import { describeAdminApi } from '../../../src/http/admin/openapi.ts';
import { readDescription } from '../../support/api-description.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';
import { listPages, nameOf, type Called } from './list-pages.ts';

// What a key that may operate changes; an admin may change the rest as well.
const ON_PAGES = ['/conversions/:id/status', '/postbacks/:id/redeliver', '/inbound/:id/accept', '/inbound/:id/rejudge']
  .concat('/inbox/map', '/prices/:id/preview', '/imports')
  .concat(...['apply', 'pause', 'resume', 'cancel'].map((change) => `/imports/:id/${change}`))
  .concat(...['run', 'pause', 'resume'].map((change) => `/advertisers/:id/pull/${change}`))
  .map((path) => `/ops${path}`);
const BY_CALLS = [
  '/conversions/{conversion_id}/status',
  '/unknown-words',
  '/offers/{offer_id}/prices/preview',
  '/imports',
]
  .concat(...['accept', 'rejudge'].map((change) => `/status-calls/{call_id}/${change}`))
  .concat(...['apply', 'pause', 'resume', 'cancel'].map((change) => `/imports/{import_id}/${change}`))
  .concat(...['run', 'pause', 'resume'].map((change) => `/advertisers/{advertiser_id}/pull/${change}`))
  .map((path) => `/v1/admin${path}`);
const MAY_OPERATE = [...ON_PAGES, ...BY_CALLS];

const CROSS_SITE = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };

describe('the walls around the operations listener', () => {
  let network: Network;
  let site: OpsConsole;
  let pages: Called[];
  let calls: Called[];

  const fill = (path: string) => path.replace(/\{[^}]+\}|:\w+/g, '17');

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    site = buildOpsConsole(network, { trustProxy: 1 });
    pages = listPages(network);
    calls = readDescription(describeAdminApi())
      .filter(({ path }) => path.startsWith('/v1/admin'))
      .map(({ method, path }) => ({ method: method as Called['method'], path }));
    assert.ok(pages.length > 30 && calls.length > 20, `${pages.length} pages, ${calls.length} calls`);
  });
  afterEach(() => assert.deepEqual(site.logged, []));
  after(() => network.close());

  let callers = 0;
  // From addresses of their own, because each may send some wrong keys alone.
  const send = ({ method, path }: Called) =>
    request(site.app)
      [method](fill(path))
      .set('x-forwarded-for', `192.0.2.${++callers % 250}`);

  it('stand before every page for who is not signed in', async () => {
    for (const page of pages) {
      const answer = await send(page);
      // A form without a session has no token either.
      if (page.method === 'get') assert.match(answer.headers.location ?? '', /^\/ops\/login/, nameOf(page));
      else assert.equal(answer.status, 403, nameOf(page));
    }
  });

  it("stand before every call and every page for a partner's key, and for one that is revoked", async () => {
    const { apiKey } = await createPartner(network.db, { name: 'Ann' });
    const revoked = await site.makeKey('admin', 'gone');
    await network.db('admin_keys').where({ name: 'gone' }).update({ revoked_at: network.db.fn.now() });
    for (const key of [apiKey, revoked]) {
      for (const call of calls) {
        assert.equal((await send(call).set('authorization', `Bearer ${key}`)).status, 401, nameOf(call));
      }
      for (const page of pages) {
        const answer = await send(page).set('authorization', `Bearer ${key}`);
        if (page.method === 'get') assert.match(answer.headers.location ?? '', /^\/ops\/login/, nameOf(page));
        else assert.equal(answer.status, 403, nameOf(page));
      }
    }
  });

  it('stand before every change for a key that may only look', async () => {
    const key = await site.makeKey('read');
    const browser = await site.signedIn(key);
    await browser.get('/ops');
    for (const call of calls.filter(({ method }) => method !== 'get')) {
      const answer = await send(call).set('authorization', `Bearer ${key}`);
      assert.equal(answer.status, 403, nameOf(call));
      assert.equal((answer.body as { kind: string }).kind, 'forbidden', nameOf(call));
    }
    for (const page of pages.filter(({ method }) => method !== 'get')) {
      const answer = await browser.post(fill(page.path));
      assert.equal(answer.status, 403, nameOf(page));
      assert.match(answer.text, /needs the role/, nameOf(page));
    }
  });

  it('let a key that may operate change what happens, and nothing of the catalogue, prices, payouts and keys', async () => {
    const key = await site.makeKey('operate');
    const browser = await site.signedIn(key);
    await browser.get('/ops');
    const mayDo: string[] = [];
    for (const page of pages.filter(({ method }) => method !== 'get')) {
      const answer = await browser.post(fill(page.path));
      if (answer.status === 403) assert.match(answer.text, /needs the role admin/, nameOf(page));
      else mayDo.push(page.path);
    }
    for (const call of calls.filter(({ method }) => method !== 'get')) {
      const answer = await send(call).set('authorization', `Bearer ${key}`);
      if (answer.status === 403) assert.match(answer.text, /needs the role admin/, nameOf(call));
      else mayDo.push(call.path);
    }
    assert.deepEqual(mayDo.sort(), MAY_OPERATE.sort());
  });

  it('stand before every call and page for pages of other sites, whoever is signed in', async () => {
    const key = await site.makeKey('admin');
    const browser = await site.signedIn(key);
    await browser.get('/ops');
    for (const call of calls) {
      const answer = await send(call).set({ ...CROSS_SITE, authorization: `Bearer ${key}` });
      assert.equal(answer.status, 403, nameOf(call));
    }
    for (const page of pages) {
      const answer =
        page.method === 'get'
          ? await browser.get(fill(page.path), CROSS_SITE)
          : await browser.post(fill(page.path), {}, { origin: 'http://localhost:8080', host: 'localhost:3001' });
      assert.equal(answer.status, 403, nameOf(page));
      if (page.method === 'get') continue;
      assert.equal((await browser.postWithout(fill(page.path))).status, 403, `${nameOf(page)} without its token`);
    }
  });

  it('stand before every call and page under a name that is not ours', async () => {
    for (const called of [...calls, ...pages]) {
      assert.equal((await send(called).set('host', 'rebound.example')).status, 421, nameOf(called));
    }
  });

  it('answer an id that nothing has with a page that says so', async () => {
    const browser = await site.signedIn();
    for (const page of pages.filter(({ method, path }) => method === 'get' && path.includes(':'))) {
      const answer = await browser.get(fill(page.path));
      assert.equal(answer.status, 404, nameOf(page));
      assert.match(answer.text, /There is no/, nameOf(page));
    }
  });
});
