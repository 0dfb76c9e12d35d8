import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { buildConnector } from 'undici';
import type { PostbackRequest } from '../../src/domain/postbacks/postback-settings.ts';
import { createAddressRules } from '../../src/outbound/address-rules.ts';
import {
  SOCKETS_PER_ORIGIN,
  createGuardedClient,
  type GuardedClient,
  type SendOutcome,
} from '../../src/outbound/guarded-client.ts';
import type { Dial } from '../../src/outbound/guarded-connect.ts';
import { eventually } from '../support/eventually.ts';
import {
  findClosedPort,
  startHttpServer,
  startHttpsServer,
  startTcpServer,
  type LocalServer,
} from '../support/local-server.ts';
import { certificate, certificateName } from '../support/self-signed-certificate.ts';
import { assertFields } from '../support/fields.ts';

const addressRules = createAddressRules({ allowCidrs: ['127.0.0.0/8'] });
const KIB = 1024;

describe('the guarded client', () => {
  let closing: (() => Promise<void>)[];

  beforeEach(() => {
    closing = [];
  });

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
  });

  type Options = Partial<Parameters<typeof createGuardedClient>[0]>;

  function createClient(options: Options = {}): GuardedClient {
    const client = createGuardedClient({ addressRules, timeoutMs: 5000, ...options });
    closing.push(() => client.close());
    return client;
  }

  function kept(server: LocalServer): LocalServer {
    closing.push(() => server.close());
    return server;
  }

  async function serve(listener: RequestListener): Promise<LocalServer> {
    return kept(await startHttpServer(listener));
  }

  /** The outcome of one GET to a server that answers so. */
  async function outcomeOf(listener: RequestListener, options: Options = {}): Promise<SendOutcome> {
    const { origin } = await serve(listener);
    return createClient(options).send(get(`${origin}/`));
  }

  /** The outcome of one GET to a server that writes raw bytes. */
  async function outcomeOfRaw(answer: (socket: Socket) => void, options: Options = {}): Promise<SendOutcome> {
    const { origin } = kept(await startTcpServer((socket) => socket.once('data', () => answer(socket))));
    return createClient(options).send(get(`${origin}/`));
  }

  describe('takes for success', () => {
    it('HTTP 200', async () => {
      const outcome = await outcomeOf((_request, response) => response.end('accepted'));
      const { durationMs, ...rest } = outcome;
      assert.deepEqual(rest, {
        delivered: true,
        httpStatus: 200,
        error: null,
        location: null,
        responseBody: 'accepted',
      });
      assert.ok(Number.isInteger(durationMs) && durationMs >= 0);
    });

    it('HTTP 200 without a body', async () => {
      const outcome = await outcomeOf((_request, response) => response.end());
      assertFields(outcome, { delivered: true, responseBody: '' });
    });

    it('HTTP 200 with an endless body, which it stops reading', async () => {
      let written = 0;
      const ended = createGate<void>();
      const outcome = await outcomeOf((_request, response) => {
        writeForever(response, (bytes) => (written += bytes));
        response.on('close', () => ended.resolve());
      });
      await ended.promise;
      assertFields(outcome, { delivered: true, httpStatus: 200, error: null });
      assert.equal(outcome.responseBody, 'x'.repeat(4 * KIB));
      // What fits into the socket buffers of both sides may be written, and no more.
      assert.ok(written < 32 * KIB * KIB, `${written} bytes were taken`);
    });
  });

  it('takes for success a 200 whose chunks have endless extensions, which it stops reading', async () => {
    let written = 0;
    const outcome = await outcomeOfRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n2;');
      writeForever(socket, (bytes) => (written += bytes));
    });
    assertFields(outcome, { delivered: true, httpStatus: 200, error: null, responseBody: 'ok' });
    assert.ok(written < 32 * KIB * KIB, `${written} bytes were taken`);
  });

  it('counts what it reads for each response by itself', async () => {
    const server = await serve((_request, response) => response.end('x'.repeat(60 * KIB)));
    const client = createClient();
    for (let call = 0; call < 10; call += 1) {
      const outcome = await client.send(get(`${server.origin}/`));
      assertFields(outcome, { delivered: true, error: null, responseBody: 'x'.repeat(4 * KIB) });
    }
    assert.ok(server.connections() <= 2, `${server.connections()} connections`);
  });

  describe('takes for failure', () => {
    for (const status of [201, 202, 203, 206, 301, 302, 307, 400, 404, 429, 500, 503]) {
      it(`HTTP ${status}`, async () => {
        const outcome = await outcomeOf((_request, response) => response.writeHead(status).end('no'));
        const { delivered, httpStatus, error, responseBody } = outcome;
        assert.deepEqual(
          { delivered, httpStatus, error, responseBody },
          { delivered: false, httpStatus: status, error: null, responseBody: 'no' },
        );
      });
    }

    it('HTTP 204', async () => {
      const outcome = await outcomeOf((_request, response) => response.writeHead(204).end());
      assertFields(outcome, { delivered: false, httpStatus: 204, responseBody: '' });
    });

    it('a redirect, which it does not follow but shows', async () => {
      const paths: string[] = [];
      const { origin } = await serve((request, response) => {
        paths.push(request.url ?? '');
        if (request.url === '/target') response.end('secret');
        else response.writeHead(302, { location: `${origin}/target` }).end();
      });
      const outcome = await createClient().send(get(`${origin}/start`));
      assertFields(outcome, { delivered: false, httpStatus: 302, location: `${origin}/target` });
      assert.deepEqual(paths, ['/start']);
    });

    it('a redirect to an address in UTF-8, which it shows as it is', async () => {
      const location = Buffer.from('/café').toString('latin1');
      const outcome = await outcomeOf((_request, response) => response.writeHead(302, { location }).end());
      assertFields(outcome, { httpStatus: 302, location: '/café' });
    });

    it('a server that never answers', async () => {
      const outcome = await endedInTime(150, (timeoutMs) => outcomeOf(() => undefined, { timeoutMs }));
      assertFields(outcome, { delivered: false, httpStatus: null, error: 'timeout' });
    });

    it('a connection that is accepted but never speaks TLS', async () => {
      const { port } = kept(await startTcpServer(() => undefined));
      const url = `https://127.0.0.1:${port}/`;
      const outcome = await endedInTime(150, (timeoutMs) => createClient({ timeoutMs }).send(get(url)));
      assert.equal(outcome.error, 'timeout');
    });

    it('a connect that never answers', async () => {
      const dial = () => new Promise<never>(() => undefined);
      const outcome = await endedInTime(150, (timeoutMs) => sendUnconnected({ timeoutMs, dial }));
      assert.equal(outcome.error, 'timeout');
    });

    it('a name server that never answers', async () => {
      const resolveName = () => new Promise<never>(() => undefined);
      const outcome = await endedInTime(150, (timeoutMs) => sendUnconnected({ timeoutMs, resolveName }));
      assert.equal(outcome.error, 'timeout');
    });

    it('a body that drips for ever, even with HTTP 200', async () => {
      const outcome = await endedInTime(2000, (timeoutMs) =>
        outcomeOf((_request, response) => drip(response), { timeoutMs }),
      );
      assertFields(outcome, { delivered: false, httpStatus: 200, error: 'timeout' });
      assert.match(outcome.responseBody ?? '', /^x+$/);
    });

    it('headers that drip for ever', async () => {
      const outcome = await outcomeOfRaw(
        (socket) => {
          socket.write('HTTP/1.1 200 OK\r\n');
          const timer = setInterval(() => socket.write('x: y\r\n'), 10);
          socket.on('close', () => clearInterval(timer));
        },
        { timeoutMs: 150 },
      );
      assertFields(outcome, { delivered: false, error: 'timeout' });
    });

    it('interim responses for ever', async () => {
      const outcome = await outcomeOfRaw(
        (socket) => {
          const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 5);
          socket.on('close', () => clearInterval(timer));
        },
        { timeoutMs: 150 },
      );
      assertFields(outcome, { delivered: false, error: 'timeout' });
    });

    it('a flood of interim responses, though a 200 would follow', async () => {
      const flood = 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(160_000);
      const outcome = await outcomeOfRaw((socket) => {
        socket.end(`${flood}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`);
      });
      assertFields(outcome, { delivered: false, httpStatus: null, error: 'response_too_large' });
    });

    it('64 KiB of headers', async () => {
      const outcome = await outcomeOfRaw((socket) => {
        socket.end(`HTTP/1.1 200 OK\r\n${`x-filler: ${'y'.repeat(1000)}\r\n`.repeat(64)}content-length: 0\r\n\r\n`);
      });
      assertFields(outcome, { delivered: false, error: 'response_too_large' });
    });

    it('64 KiB of trailers', async () => {
      const outcome = await outcomeOfRaw((socket) => {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n');
        socket.end(`${`x-filler: ${'y'.repeat(1000)}\r\n`.repeat(64)}\r\n`);
      });
      assertFields(outcome, { delivered: false, error: 'response_too_large' });
    });

    it('a refused connection', async () => {
      const outcome = await createClient().send(get(`http://127.0.0.1:${await findClosedPort()}/`));
      assertFields(outcome, { delivered: false, error: 'connection_refused', responseBody: null });
    });

    it('a reset before the response', async () => {
      const outcome = await outcomeOfRaw((socket) => socket.resetAndDestroy());
      assertFields(outcome, { delivered: false, httpStatus: null, error: 'connection_failed' });
    });

    it('a reset in the middle of a 200', async () => {
      const outcome = await outcomeOfRaw((socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbeginning', () => socket.resetAndDestroy());
      });
      assertFields(outcome, { delivered: false, httpStatus: 200, error: 'connection_failed' });
    });

    it('a 200 that ends before its announced length', async () => {
      const outcome = await outcomeOfRaw((socket) => {
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbeginning');
      });
      assertFields(outcome, { delivered: false, httpStatus: 200 });
      assert.notEqual(outcome.error, null);
    });

    for (const answer of [
      'SSH-2.0-OpenSSH_9.2\r\n',
      'HTTP/1.1 200 OK\r\nbroken header\r\n\r\n',
      'HTTP/1.1 two OK\r\n\r\n',
    ]) {
      it(`what is not HTTP: ${JSON.stringify(answer)}`, async () => {
        const outcome = await outcomeOfRaw((socket) => socket.end(answer));
        assertFields(outcome, { delivered: false, error: 'bad_response' });
      });
    }

    it('a switch of protocols nobody asked for', async () => {
      const outcome = await outcomeOfRaw((socket) => {
        socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
      });
      assert.equal(outcome.delivered, false);
      assert.notEqual(outcome.error, null);
    });

    it('a header of ours that HTTP cannot carry, without sending anything', async () => {
      const server = await serve((_request, response) => response.end());
      const outcome = await createClient().send({
        ...get(`${server.origin}/`),
        headers: { 'x-word': 'a\r\nx-forged: b' },
      });
      assert.deepEqual(
        { delivered: outcome.delivered, error: outcome.error, connections: server.connections() },
        { delivered: false, error: 'invalid_url', connections: 0 },
      );
    });

    async function sendUnconnected(options: Options): Promise<SendOutcome> {
      const resolveName = async () => ['127.0.0.1'];
      return createClient({ timeoutMs: 150, resolveName, ...options }).send(get('http://partner.example/'));
    }
  });

  describe('keeps of a response', () => {
    it('the first 4 KiB', async () => {
      const outcome = await outcomeOf((_request, response) => response.end('ж'.repeat(10 * KIB)));
      assert.equal(outcome.responseBody, 'ж'.repeat(2 * KIB));
      assert.equal(outcome.delivered, true);
    });

    it('text that a database can hold, whatever the bytes', async () => {
      const outcome = await outcomeOf((_request, response) =>
        response.end(Buffer.from([0x61, 0, 0xff, 0xc3, 0x28, 0x62])),
      );
      assert.equal(outcome.responseBody, 'a\uFFFD\uFFFD\uFFFD(b');
    });

    it('a compressed body as it came, never inflated', async () => {
      const bomb = gzipSync(Buffer.alloc(40 * KIB * KIB));
      const outcome = await outcomeOf((_request, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bomb.length }).end(bomb);
      });
      assert.equal(outcome.delivered, true);
      assert.match(outcome.responseBody ?? '', /^\x1f\uFFFD[\b]/);
      assert.ok(Buffer.byteLength(outcome.responseBody ?? '') <= 4 * KIB);
    });

    it('a Location shortened and well-formed', async () => {
      const outcome = await outcomeOfRaw((socket) => {
        socket.end(`HTTP/1.1 302 Found\r\nlocation: /\xff${'a'.repeat(5000)}\r\ncontent-length: 0\r\n\r\n`, 'latin1');
      });
      assert.ok(outcome.location?.isWellFormed());
      assert.ok(Buffer.byteLength(outcome.location ?? '') <= 2 * KIB);
    });
  });

  describe('sends', () => {
    it('a POST with its headers and body', async () => {
      const seen: { method?: string | undefined; headers?: IncomingMessage['headers']; body?: string } = {};
      const { origin } = await serve((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          Object.assign(seen, {
            method: request.method,
            headers: request.headers,
            body: Buffer.concat(chunks).toString(),
          });
          response.end('ok');
        });
      });
      const headers = { 'user-agent': 'Cashcat-Postbacks/1', 'content-type': 'application/json' };
      const outcome = await createClient().send({
        method: 'POST',
        url: `${origin}/x`,
        headers,
        body: '{"ref_id":"я"}',
      });
      assert.equal(outcome.delivered, true);
      assertFields(seen, { method: 'POST', body: '{"ref_id":"я"}' });
      assert.equal(seen.headers?.['user-agent'], 'Cashcat-Postbacks/1');
      assert.equal(seen.headers?.['content-type'], 'application/json');
      assert.equal(seen.headers?.['content-length'], '15');
      assert.equal(seen.headers?.['accept-encoding'], undefined);
    });

    it('nothing once the time is over, though the connection opens later', async () => {
      const requests: string[] = [];
      const server = await serve((request, response) => {
        requests.push(request.url ?? '');
        response.end();
      });
      const opened = createGate<void>();
      const dial = dialWith();
      const client = createClient({
        timeoutMs: 150,
        dial: async (target) => {
          await opened.promise;
          return dial(target);
        },
      });
      assert.equal((await client.send(get(`${server.origin}/late`))).error, 'timeout');
      opened.resolve();
      const next = await createClient().send(get(`${server.origin}/next`));
      assert.equal(next.delivered, true);
      await until(() => server.connections() === 2);
      await client.close();
      assert.deepEqual(requests, ['/next']);
    });

    // Two: a connection counts as free one turn of the event loop after its response has ended.
    it('one call after the other over at most two connections', async () => {
      const server = await serve((_request, response) => response.end('ok'));
      const client = createClient();
      for (let call = 0; call < 10; call += 1)
        assert.equal((await client.send(get(`${server.origin}/`))).delivered, true);
      assert.ok(server.connections() <= 2, `${server.connections()} connections`);
    });

    it('over a bounded number of connections to one origin', async () => {
      const waiting: ServerResponse[] = [];
      const server = await serve((_request, response) => {
        waiting.push(response);
        if (waiting.length === SOCKETS_PER_ORIGIN) for (const each of waiting.splice(0)) each.end('ok');
      });
      const client = createClient();
      const outcomes = await Promise.all(
        Array.from({ length: 2 * SOCKETS_PER_ORIGIN }, () => client.send(get(`${server.origin}/`))),
      );
      assert.ok(outcomes.every(({ delivered }) => delivered));
      assert.equal(server.connections(), SOCKETS_PER_ORIGIN);
    });

    it('directly, whatever proxy the environment names', async () => {
      await withEnvironment({ HTTP_PROXY: 'http://127.0.0.1:9/', http_proxy: 'http://127.0.0.1:9/' }, async () => {
        assert.equal((await outcomeOf((_request, response) => response.end())).delivered, true);
      });
    });

    it('to the next address when the first cannot be reached', async () => {
      const server = await serve((_request, response) => response.end('second'));
      const client = createClient({ resolveName: async () => ['127.0.0.99', '127.0.0.1'] });
      assert.equal((await client.send(get(`http://partner.example:${server.port}/`))).responseBody, 'second');
    });
  });

  describe('over TLS', () => {
    const resolveName = async () => ['127.0.0.1'];

    it('refuses a certificate that nobody vouches for', async () => {
      const { origin } = kept(await startHttpsServer((_request, response) => response.end('secret')));
      const outcome = await createClient().send(get(`${origin}/`));
      assertFields(outcome, { delivered: false, error: 'tls_error', responseBody: null });
    });

    it('refuses it even when the environment says not to check', async () => {
      const { port } = kept(await startHttpsServer((_request, response) => response.end('secret')));
      await withEnvironment({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, async () => {
        const outcome = await createClient({ resolveName }).send(get(`https://${certificateName}:${port}/`));
        assert.equal(outcome.error, 'tls_error');
      });
    });

    for (const host of [certificateName, `${certificateName}.`]) {
      it(`accepts ${host} by its name, not by the address dialled`, async () => {
        const { port } = kept(await startHttpsServer((_request, response) => response.end('ok')));
        const client = createClient({ resolveName, dial: dialWith({ ca: certificate }) });
        assert.equal((await client.send(get(`https://${host}:${port}/`))).delivered, true);
      });
    }

    for (const host of ['other.example', '127.0.0.1']) {
      it(`refuses a certificate of another name than ${host}, at once`, async () => {
        const server = kept(await startHttpsServer((_request, response) => response.end('secret')));
        const twice = async () => ['127.0.0.1', '127.0.0.1'];
        const client = createClient({ resolveName: twice, dial: dialWith({ ca: certificate }) });
        assert.equal((await client.send(get(`https://${host}:${server.port}/`))).error, 'tls_error');
        assert.equal(server.connections(), 1);
      });
    }

    it('stops reading a flood of interim responses', async () => {
      const server = await startHttpsServer(({ socket }) => {
        socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(160_000));
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      });
      const { port } = kept(server);
      const client = createClient({ resolveName, dial: dialWith({ ca: certificate }) });
      const outcome = await client.send(get(`https://${certificateName}:${port}/`));
      assertFields(outcome, { delivered: false, error: 'response_too_large' });
    });

    it('reports a server that speaks plain HTTP as a TLS error', async () => {
      const { port } = await serve((_request, response) => response.end());
      assert.equal((await createClient().send(get(`https://127.0.0.1:${port}/`))).error, 'tls_error');
    });
  });

  describe('when closed', () => {
    it('lets the calls under way end first', async () => {
      const asked = createGate<ServerResponse>();
      const { origin } = await serve((_request, response) => asked.resolve(response));
      const client = createClient();
      const sending = client.send(get(`${origin}/`));
      const response = await asked.promise;
      const closed = client.close();
      response.end('in time');
      await closed;
      assert.equal((await sending).responseBody, 'in time');
    });

    it('answers further calls with a failure', async () => {
      const { origin } = await serve((_request, response) => response.end());
      const client = createClient();
      await client.close();
      assert.equal((await client.send(get(`${origin}/`))).delivered, false);
    });
  });
});

type Gate<T> = { promise: Promise<T>; resolve: (value: T) => void };

function createGate<T>(): Gate<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

function get(url: string): PostbackRequest {
  return { method: 'GET', url, headers: { 'user-agent': 'Cashcat-Postbacks/1' }, body: null };
}

function dialWith(options: { ca?: string } = {}): Dial {
  const connector = buildConnector(options);
  return ({ address, port, protocol, servername }) =>
    new Promise((resolve, reject) => {
      const target = { hostname: address, host: address, port, protocol, servername: servername ?? '' };
      connector(target, (error, socket) => (error ? reject(error) : resolve(socket)));
    });
}

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write('x'), 10);
  response.on('close', () => clearInterval(timer));
}

function writeForever(response: ServerResponse | Socket, count: (bytes: number) => void): void {
  const chunk = Buffer.alloc(64 * KIB, 'x');
  const write = () => {
    while (!response.destroyed) {
      count(chunk.length);
      if (!response.write(chunk)) return;
    }
  };
  response.on('drain', write);
  write();
}

/**
 * The outcome of a call whose time limit ends it. A busy machine makes it late now and then; a limit that holds for parts of
 * a call alone, or twice, makes it late each time.
 */
async function endedInTime(timeoutMs: number, call: (timeoutMs: number) => Promise<SendOutcome>): Promise<SendOutcome> {
  return await eventually(async () => {
    const outcome = await call(timeoutMs);
    const { durationMs } = outcome;
    assert.ok(durationMs >= timeoutMs - 5 && durationMs < 1.9 * timeoutMs, `took ${durationMs} ms`);
    return outcome;
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(5);
}

async function withEnvironment(variables: Record<string, string>, run: () => Promise<void>): Promise<void> {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    await run();
  } finally {
    for (const name of Object.keys(variables)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
