import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import request from 'supertest';
import { closeServer, createFastServer, listen, type FastServer } from '../../../src/http/protocol/server.ts';
import { eventually } from '../../support/eventually.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0, setting: 'PORT' } as const;

function buildApp(): Express {
  const app = express();
  app.use(express.json(), express.urlencoded({ extended: false }));
  app.get('/echo/:word', (req, res) => {
    const { ip, query, path, hostname, protocol } = req;
    const params: object = req.params;
    res.json({ ip, query, params, path, hostname, protocol, agent: req.get('user-agent'), isApp: req.app === app });
  });
  app.post('/body', (req, res) => res.status(201).type('application/json').send(JSON.stringify(req.body)));
  app.get('/away', (_req, res) => res.redirect('https://elsewhere.example/'));
  app.get('/cookie', (_req, res) => res.cookie('a', 'b').set('x-one', '1').sendStatus(204));
  app.get('/broken', () => Promise.reject(new Error('broken')));
  const answerError: express.ErrorRequestHandler = (error, _req, res, next) => {
    if (res.headersSent) return next(error);
    res.status(500).json({ message: String(error) });
  };
  app.use(answerError);
  return app;
}

/** Without those that differ from one connection, or one second, to the next. */
function lastingHeaders({ headers }: request.Response): Record<string, unknown> {
  const passing = ['date', 'connection', 'keep-alive'];
  return Object.fromEntries(Object.entries(headers as object).filter(([name]) => !passing.includes(name)));
}

describe('an Express app on the fast server', () => {
  const servers: FastServer[] = [];
  const serve = async (app: Express) => {
    const server = createFastServer(app);
    servers.push(server);
    const port = await listen(server, LOOPBACK);
    return `http://127.0.0.1:${port}`;
  };
  afterEach(async () => {
    for (const server of servers.splice(0)) await closeServer(server, 1000);
  });

  it('answers with everything that requests know', async () => {
    const url = await serve(buildApp());
    const response = await request(url).get('/echo/hello%20you?a=1&a=2').set('user-agent', 'tester').expect(200);
    assert.deepEqual(response.body, {
      ip: '127.0.0.1',
      query: { a: ['1', '2'] },
      params: { word: 'hello you' },
      path: '/echo/hello%20you',
      hostname: '127.0.0.1',
      protocol: 'http',
      agent: 'tester',
      isApp: true,
    });
  });

  it('answers as it does on a server of its own', async () => {
    const url = await serve(buildApp());
    const own = buildApp();
    for (const path of ['/echo/x?b=c', '/away', '/cookie', '/broken', '/nowhere', '/%ff']) {
      for (const method of ['get', 'head', 'options'] as const) {
        const [fast, usual] = [await request(url)[method](path), await request(own)[method](path)];
        assert.equal(fast.status, usual.status, `${method} ${path}`);
        assert.deepEqual(lastingHeaders(fast), lastingHeaders(usual), `${method} ${path}`);
      }
    }
  });

  it('reads bodies as JSON and as forms', async () => {
    const url = await serve(buildApp());
    await request(url)
      .post('/body')
      .send({ a: [1] })
      .expect(201, '{"a":[1]}');
    await request(url).post('/body').type('form').send('a=1&b=2').expect(201, '{"a":"1","b":"2"}');
    await request(url).post('/body').type('json').send('{').expect(500);
  });

  it('builds requests and responses that Express need not change', async () => {
    const app = express();
    let isUnchanged = false;
    const server = createFastServer(app);
    servers.push(server);
    server.prependListener('request', (req, res) => {
      isUnchanged =
        Object.getPrototypeOf(req) === app.request && (Object.getPrototypeOf(res) as unknown) === app.response;
    });
    await listen(server, LOOPBACK);
    await request(server).get('/');
    assert.ok(isUnchanged);
  });

  it('has limits for slow and talkative clients', () => {
    const server = createFastServer(express());
    assert.ok(server.headersTimeout > 0 && server.headersTimeout <= 30_000);
    assert.ok(server.requestTimeout > 0 && server.requestTimeout <= 15 * 60_000);
    assert.ok(server.maxHeadersCount !== null && server.maxHeadersCount <= 200);
  });

  it('ends a request whose body does not come, unless it may carry a file', async () => {
    const app = express();
    app.post('/v1/admin/imports', (req, res) => void req.resume().on('end', () => res.end('taken')));
    app.use((req) => void req.resume());
    const server = createFastServer(app, { bodyTimeoutMs: 50 });
    const port = await listen(server, LOOPBACK);
    const head = (path: string) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\na`;
    const file = connect(port, '127.0.0.1').setEncoding('latin1');
    file.write(head('/v1/admin/imports'));
    const other = connect(port, '127.0.0.1').setEncoding('latin1');
    other.write(head('/elsewhere'));
    const [answer] = (await once(other, 'data')) as [string];
    assert.match(answer, /^HTTP\/1\.1 408 /);
    file.write('b');
    const [taken] = (await once(file, 'data')) as [string];
    assert.match(taken, /^HTTP\/1\.1 200 /);
    file.destroy();
    await closeServer(server, 100);
  });

  it('says which setting to change when its port is taken', async () => {
    const url = await serve(buildApp());
    const port = Number(new URL(url).port);
    await assert.rejects(
      listen(createFastServer(buildApp()), { host: '127.0.0.1', port, setting: 'OPS_PORT' }),
      new RegExp(`OPS_PORT: 127.0.0.1:${port} is taken`),
    );
  });

  it('ends connections with their next answers when asked to, also with those that are under way, and goes on serving', async () => {
    const app = express();
    let finish: () => void = () => assert.fail('not under way');
    let isUnderWay = false;
    app.get('/slow', (_req, res) => {
      isUnderWay = true;
      finish = () => void res.writeHead(204, { 'x-one': '1' }).end();
    });
    app.get('/quick', (_req, res) => void res.end());
    const url = await serve(app);
    const agent = new http.Agent({ keepAlive: true });
    const ask = (path: string) => request(url).get(path).agent(agent);
    assert.equal((await ask('/quick')).headers['connection'], 'keep-alive');
    const slow = ask('/slow').then((response) => response);
    await eventually(() => assert.ok(isUnderWay, 'not yet'));
    servers[0]?.endConnections();
    finish();
    for (const response of [await slow, await ask('/quick')]) assert.equal(response.headers['connection'], 'close');
    assert.equal((await slow).headers['x-one'], '1');
    agent.destroy();
  });

  it('finishes what is under way when it closes, and takes nothing new', async () => {
    const app = express();
    let finish: () => void = () => assert.fail('not under way');
    let isUnderWay = false;
    app.get('/slow', (_req, res) => {
      isUnderWay = true;
      finish = () => void res.json({ done: true });
    });
    const url = await serve(app);
    const [server] = servers;
    assert.ok(server);
    const agent = new http.Agent({ keepAlive: true });
    const answer = request(url)
      .get('/slow')
      .agent(agent)
      .then((response) => response);
    await eventually(() => assert.ok(isUnderWay, 'not yet'));
    const closed = closeServer(server, 10_000);
    await assert.rejects(async () => await request(url).get('/slow'), /ECONNREFUSED/);
    finish();
    assert.deepEqual((await answer).body, { done: true });
    await closed;
    agent.destroy();
  });

  it('cuts what takes longer than its grace when it closes', async () => {
    const app = express();
    let isUnderWay = false;
    app.get('/endless', () => (isUnderWay = true));
    const url = await serve(app);
    const [server] = servers;
    assert.ok(server && (server.address() as AddressInfo).port > 0);
    const answer = assert.rejects(async () => await request(url).get('/endless'), /socket hang up|ECONNRESET/);
    await eventually(() => assert.ok(isUnderWay, 'not yet'));
    await closeServer(server, 1);
    await answer;
  });
});
