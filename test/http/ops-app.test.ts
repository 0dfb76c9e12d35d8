import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { json } from 'node:stream/consumers';
import request from 'supertest';
import { startOutage } from '../support/database.ts';
import { startHttpServer } from '../support/local-server.ts';
import { useAdminApi, type Problem } from './admin/admin-stage.ts';
import { ADMIN_KEY as KEY } from './build-ops-app.ts';

const OFFER_URL = 'https://bank.example/?c={conversion_id}';

/** Those that the description of the operations listener holds besides the probes and metrics. */
function adminPaths(paths: Record<string, object>): [string, object][] {
  return Object.entries(paths).filter(([path]) => path.startsWith('/v1/admin'));
}

describe('the operations listener', () => {
  const api = useAdminApi();
  const { build, call, bodyOf } = api;

  describe('for a caller without a key', () => {
    it('shows metrics and health', async () => {
      await request(api.app)
        .get('/metrics')
        .expect(200, 'leads 1\n')
        .expect('content-type', /0\.0\.4/);
      await request(api.app).get('/healthz').expect(200);
      await request(api.app).get('/readyz').expect(200);
      const reason = new Error('no');
      await request(build({ checkReady: () => Promise.reject(reason) }))
        .get('/readyz')
        .expect(503);
      assert.deepEqual(api.warned, [{ err: reason }]);
    });

    it('describes the admin API but answers none of it', async () => {
      const { paths } = bodyOf<{ paths: Record<string, object> }>(
        await request(api.app).get('/v1/admin/openapi.json').expect(200),
      );
      // Callers of many addresses, because each may send some wrong keys alone.
      const behindProxy = build({ trustProxy: 1 });
      let callers = 0;
      for (const [path, operations] of adminPaths(paths)) {
        for (const method of Object.keys(operations) as ('get' | 'post' | 'patch')[]) {
          const response = await request(behindProxy)
            [method](path.replace(/\{[^}]+\}/g, 'x'))
            .set('x-forwarded-for', `192.0.2.${++callers}`)
            .expect(401);
          assert.equal(bodyOf<Problem>(response).kind, 'unauthorized', `${method} ${path}`);
        }
      }
    });

    it('refuses wrong keys, slows them down when they are many, and lets the right one in all the same', async () => {
      api.app = build();
      const wrong = () => request(api.app).get('/v1/admin/partners').set('authorization', 'Bearer wrong');
      let response = await wrong();
      assert.equal(response.status, 401);
      for (let guess = 0; guess < 100 && response.status === 401; guess++) response = await wrong();
      assert.equal(response.status, 429);
      await call('get', '/partners').expect(200);
      assert.equal((await wrong()).status, 429);
      api.app = build();
    });

    it('tells the callers behind a proxy apart', async () => {
      const behindProxy = build({ trustProxy: 1 });
      const wrong = (ip: string) =>
        request(behindProxy).get('/v1/admin/partners').set('x-forwarded-for', ip).set('authorization', 'Bearer wrong');
      let response = await wrong('192.0.2.1');
      for (let guess = 0; guess < 100 && response.status === 401; guess++) response = await wrong('192.0.2.1');
      assert.equal(response.status, 429);
      await wrong('192.0.2.2').expect(401);
    });

    it('is told which methods a route answers to', async () => {
      for (const path of ['/metrics', '/healthz', '/readyz', '/v1/admin/openapi.json']) {
        await request(api.app).put(path).expect(405).expect('allow', 'GET, HEAD');
      }
    });

    it('has no admin API in a process without the role api', async () => {
      const bare = build({ admin: null });
      await request(bare).get('/v1/admin/partners').set('authorization', `Bearer ${KEY}`).expect(404);
      await request(bare).get('/metrics').expect(200);
    });
  });

  describe('by the host it is called by', () => {
    const hostIs = (host: string, path = '/v1/admin/partners') =>
      request(api.app).get(path).set('host', host).set('authorization', `Bearer ${KEY}`);

    it('answers to localhost, to addresses and to names it is known by', async () => {
      for (const host of [
        'localhost:3001',
        'LOCALHOST',
        '127.0.0.1:3001',
        '[::1]:3001',
        '10.1.2.3',
        'Ops.Example:443',
      ]) {
        const { status } = await hostIs(host);
        assert.equal(status, 200, host);
      }
    });

    it('refuses any other name, with what to do about it', async () => {
      for (const host of [
        'evil.example',
        'localhost.evil.example',
        'evil.example:3001',
        'a@localhost',
        '[::1',
        '',
        '127.0.0.1.evil.example',
      ]) {
        for (const path of ['/v1/admin/partners', '/v1/admin/openapi.json', '/ops', '/', '/metrics']) {
          const response = await hostIs(host, path);
          assert.equal(response.status, 421, `${host} ${path}`);
          assert.match(bodyOf<Problem>(response).detail, /OPS_ALLOWED_HOSTS/);
        }
      }
    });

    it('refuses a request that names two hosts, whichever comes first', async () => {
      const server = await startHttpServer(api.app);
      const kindFor = async (path: string, hosts: string[]) => {
        const [response] = (await once(
          http.get(`${server.origin}${path}`, { headers: hosts.flatMap((host) => ['Host', host]) }),
          'response',
        )) as [http.IncomingMessage];
        const { kind } = (await json(response)) as Problem;
        return `${response.statusCode} ${kind}`;
      };
      try {
        for (const path of ['/v1/admin/partners', '/ops', '/metrics']) {
          for (const [first, second] of [
            ['localhost', 'evil.example'],
            ['evil.example', 'localhost'],
            ['localhost', 'localhost'],
          ] as const) {
            assert.equal(await kindFor(path, [first, second]), '400 malformed', `${path} ${first} ${second}`);
          }
        }
      } finally {
        await server.close();
      }
    });

    it('says under any name whether it lives and is ready', async () => {
      for (const path of ['/healthz', '/readyz']) await hostIs('pod-7.cluster.example', path).expect(200);
    });

    it('is scraped by its address, or by a name it is known by', async () => {
      for (const host of ['10.1.2.3:3001', '[2001:db8::7]:3001', 'ops.example'])
        await hostIs(host, '/metrics').expect(200);
    });

    it('lets only its own pages change anything', async () => {
      const from = (origin: string, host = 'localhost:3001') =>
        call('post', '/partners', { name: 'Origin' }).set('host', host).set('origin', origin);
      await from('http://localhost:3001').expect(201);
      await from('https://ops.example').expect(201);
      await from('http://10.1.2.3:3001', '10.1.2.3:3001').expect(201);
      for (const origin of ['https://evil.example', 'http://localhost:8080', 'http://10.9.9.9', 'null', '']) {
        const response = await from(origin);
        assert.equal(response.status, 403, origin);
        assert.equal(bodyOf<Problem>(response).kind, 'wrong_origin', origin);
      }
      // Another program on this machine is another site, by whichever name.
      for (const name of ['127.0.0.1', 'localhost', '[::1]'])
        await from(`http://${name}:8080`, `${name}:3001`).expect(403);
      await from('http://127.0.0.1:3001', '127.0.0.1:3001').expect(201);
      await hostIs('localhost:3001').set('origin', 'https://evil.example').expect(200);
    });

    for (const address of ['10.0.0.5', '0.0.0.0', '2001:db8::7']) {
      it(`lets no page of another port change anything when it listens on ${address}`, async () => {
        const app = build({ allowedHosts: [address, 'ops.example'] });
        const host = address.includes(':') ? `[${address}]` : address;
        const from = (origin: string) =>
          request(app)
            .post('/v1/admin/partners')
            .set({ host: `${host}:3001`, authorization: `Bearer ${KEY}`, origin })
            .send({ name: 'Origin' });
        await from(`http://${host}:3001`).expect(201);
        await from('https://ops.example').expect(201);
        const response = await from(`http://${host}:8080`);
        assert.equal(response.status, 403);
        assert.equal(bodyOf<Problem>(response).kind, 'wrong_origin');
      });
    }
  });

  it('answers a method that a route does not know with 405 and those it knows', async () => {
    const { paths } = bodyOf<{ paths: Record<string, object> }>(await request(api.app).get('/v1/admin/openapi.json'));
    for (const [path, operations] of adminPaths(paths)) {
      const methods = Object.keys(operations).map((method) => method.toUpperCase());
      const unknown = methods.includes('PUT') ? 'patch' : 'put';
      const response = await request(api.app)
        [unknown](path.replace(/\{[^}]+\}/g, 'x'))
        .set('authorization', `Bearer ${KEY}`)
        .expect(405);
      const allowed = (response.headers.allow ?? '').split(', ').filter((method) => method !== 'HEAD');
      assert.deepEqual(allowed.toSorted(), methods.toSorted(), path);
      assert.equal(bodyOf<Problem>(response).kind, 'method_not_allowed');
    }
  });

  describe('what cannot be accepted', () => {
    const messageFor = async (method: 'get' | 'post', path: string, body?: object) =>
      bodyOf<Problem>(await call(method, path, body).expect(400)).problems?.[0]?.message ?? '';
    const offerOf = (amount: unknown) => ({
      advertiser_id: api.network.advertiserId,
      name: 'Card',
      url: OFFER_URL,
      reward: { amount, currency: 'USD' },
    });

    it('is answered with what is asked for', async () => {
      for (const amount of ['12.50', '', 'x', -1, 12.5, null, undefined, [1]]) {
        assert.match(await messageFor('post', '/offers', offerOf(amount)), /minor units|is missing/, String(amount));
      }
      for (const limit of ['x', '', '0', '201', '1.5', '1e1']) {
        const message = 'must be a whole number from 1 to 200';
        assert.equal(await messageFor('get', `/partners?limit=${limit}`), message);
      }
      const reserved = await messageFor('post', '/partners', { name: 'B', partner_id: 'docs' });
      assert.equal(reserved, '"docs" is reserved: choose another id');
      const illFormed = await messageFor('post', '/partners', { name: 'B', partner_id: 'Docs' });
      assert.match(illFormed, /3 to 40 lower-case letters/);
      const offerUrl = { ...offerOf(1), url: 'https://bank.example/?c={{conversion_id}}' };
      assert.match(await messageFor('post', '/offers', offerUrl), /\{conversion_id\}/);
    });
  });

  describe('what cannot be read', () => {
    it('is a problem that says what to send', async () => {
      const send = (type: string, body: string) =>
        call('post', '/partners')
          .set('content-type', type)
          .send(body)
          .expect('content-type', /problem\+json/);
      assert.equal(bodyOf<Problem>(await send('application/json', '{"name":').expect(400)).kind, 'malformed');
      assert.match(bodyOf<Problem>(await send('text/plain', 'name=x').expect(400)).detail, /JSON/);
      assert.match(bodyOf<Problem>(await send('application/json', '[]').expect(400)).detail, /JSON/);
      const unknown = bodyOf<Problem>(await send('application/json', '{"name":"x","nmae":"y"}').expect(400));
      assert.deepEqual(unknown.problems, [{ field: 'nmae', message: 'is not a known field' }]);
      await send('application/json', JSON.stringify({ name: 'x'.repeat(70_000) })).expect(413);
    });
  });

  it('answers 503 with Retry-After while the database is away, and goes on when it is back', async () => {
    const outage = await startOutage(api.network.db);
    try {
      const response = await call('get', '/partners');
      assert.ok(response.status === 503, `${response.status} ${response.text}`);
      assert.ok(Number(response.headers['retry-after']) > 0);
    } finally {
      await outage.end();
    }
    await call('get', '/partners').expect(200);
  });
});
