import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import express from 'express';
import { request } from 'undici';
import { limitBody, MAX_BODY_BYTES, MAX_VOCABULARY_BYTES } from '../../../src/http/protocol/body-limit.ts';
import { createProblemHandler } from '../../../src/http/protocol/problem.ts';
import { closeServer, createFastServer, listen, type FastServer } from '../../../src/http/protocol/server.ts';
import { eventually } from '../../support/eventually.ts';

type Conversation = { answer: string; sentBytes: number };

const MEGABYTE = 1024 * 1024;
// What the system holds on both sides of a connection without anybody reading it.
const SYSTEM_BUFFERS = 16 * MEGABYTE;
const CHUNK = 'x'.repeat(64 * 1024);
const PLAIN = CHUNK;
const CHUNKED = `${CHUNK.length.toString(16)}\r\n${CHUNK}\r\n`;

describe('a body that is too large', () => {
  let server: FastServer;
  let port: number;
  /** Those that no route has read, in the order in which they came. */
  const requests: IncomingMessage[] = [];

  before(async () => {
    const app = express();
    app.use('/read', limitBody, express.json({ limit: MAX_BODY_BYTES }));
    app.use('/read', createProblemHandler({ error: () => assert.fail(), warn: () => assert.fail() }));
    app.post('/read', (req, res) => void res.json(req.body));
    const console = express.Router();
    console.use(limitBody, express.text({ type: () => true, limit: MAX_VOCABULARY_BYTES }));
    console.use((req, res) => void res.json(String(req.body).length));
    console.use(createProblemHandler({ error: () => assert.fail(), warn: () => assert.fail() }));
    app.use('/ops', console);
    app.use((req, res) => {
      requests.push(req);
      res.status(404).end('nothing');
    });
    server = createFastServer(app);
    port = await listen(server, { host: '127.0.0.1', port: 0, setting: 'PORT' });
  });
  after(() => closeServer(server, 1000));

  /** Sends a head and then `piece` for as long as the other side lets it. */
  function sendEndlessly(head: string[], piece: string): Promise<Conversation> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      let answer = '';
      let isOver = false;
      const pump = () => {
        while (!isOver && socket.bytesWritten < 64 * MEGABYTE) if (!socket.write(piece)) return;
      };
      socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
      socket.on('drain', pump).on('error', () => undefined);
      socket.on('close', () => {
        isOver = true;
        resolve({ answer, sentBytes: socket.bytesWritten });
      });
      socket.write([...head, 'Host: localhost', 'Content-Type: application/json', '', ''].join('\r\n'));
      pump();
    });
  }

  function assertRefused({ answer, sentBytes }: Conversation): void {
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.match(answer, /connection: close/i);
    assert.match(answer, /"kind":"too_large"/);
    assert.ok(sentBytes < SYSTEM_BUFFERS, `${sentBytes} bytes were taken`);
  }

  for (const path of ['/read', '/nowhere']) {
    it(`is refused by its length and not read, at ${path}`, async () => {
      const head = [`POST ${path} HTTP/1.1`, 'Content-Length: 10000000000'];
      assertRefused(await sendEndlessly(head, PLAIN));
    });
  }

  it('is not asked for where a caller waits with it', async () => {
    const head = ['POST /read HTTP/1.1', 'Content-Length: 10000000000', 'Expect: 100-continue'];
    assertRefused(await sendEndlessly(head, PLAIN));
  });

  it('is read no further than the limit when it gives no length', async () => {
    assertRefused(await sendEndlessly(['POST /read HTTP/1.1', 'Transfer-Encoding: chunked'], CHUNKED));
  });

  describe('for others, of the editor of a vocabulary', () => {
    const EDITOR = '/ops/advertisers/bank/vocabulary';
    const LARGE = 'x'.repeat(MAX_VOCABULARY_BYTES);
    const send = async (path: string, body: string | AsyncIterable<string>) =>
      await request(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: typeof body === 'string' ? body : Readable.from(body),
      });
    const inChunks = async function* (body: string) {
      yield* [body.slice(0, 1000), body.slice(1000)];
      await Promise.resolve();
    };

    it('is read, with its length and without', async () => {
      for (const body of [LARGE, inChunks(LARGE)]) {
        const answer = await send(EDITOR, body);
        assert.deepEqual([answer.statusCode, await answer.body.json()], [200, LARGE.length]);
      }
    });

    it('is refused above its own limit, and above the usual one at other addresses', async () => {
      for (const [path, body] of [
        [EDITOR, `${LARGE}x`],
        [`${EDITOR}x`, LARGE],
        [`/ops/login?next=${EDITOR}`, LARGE],
      ] as const) {
        const { statusCode, body: answer } = await send(path, body);
        assert.equal(statusCode, 413, path);
        await answer.dump();
      }
      const head = [`POST ${EDITOR} HTTP/1.1`, 'Transfer-Encoding: chunked'];
      assertRefused(await sendEndlessly(head, CHUNKED));
    });
  });

  it('without a length ends its connection where nobody reads it', async () => {
    const head = ['POST /nowhere HTTP/1.1', 'Transfer-Encoding: chunked'];
    const { answer, sentBytes } = await sendEndlessly(head, CHUNKED);
    assert.match(answer, /^HTTP\/1\.1 404 /);
    assert.ok(sentBytes < SYSTEM_BUFFERS, `${sentBytes} bytes were taken`);
  });

  describe('that no route for files has read', () => {
    /** A caller with one connection, which sends each body after the answer. */
    function openCaller() {
      const socket = connect(port, '127.0.0.1');
      let asked = 0;
      let answers = 0;
      socket.setEncoding('latin1').on('data', (text: string) => (answers += text.split('HTTP/1.1 404 ').length - 1));
      socket.on('error', () => undefined);
      /** @returns the request as the server has it, once it is answered */
      const sendHead = async (): Promise<IncomingMessage> => {
        socket.write(['POST /v1/admin/imports HTTP/1.1', 'Host: x', 'Content-Length: 3', '', ''].join('\r\n'));
        asked++;
        await eventually(() => assert.ok(answers === asked || socket.closed, 'it is neither answered nor closed'));
        const request = requests.at(-1);
        assert.ok(request && answers === asked);
        return request;
      };
      /** @throws when a busy machine has taken too long over it */
      const sendAll = async (): Promise<IncomingMessage> => {
        const request = await sendHead();
        assert.equal(request.complete, false);
        socket.write('a,b');
        await eventually(() => assert.ok(request.complete || request.socket.destroyed, 'the body is on its way'));
        assert.ok(request.complete, 'the body came too late');
        return request;
      };
      return { sendHead, sendAll, hangUp: () => socket.destroy() };
    }

    /** Resolves when the time is up for which bodies are looked at that were answered before. */
    async function timeIsUp(): Promise<void> {
      // Answered later than those.
      const { socket } = await openCaller().sendHead();
      await eventually(() => assert.ok(socket.destroyed, 'the connection whose body does not come is open'));
    }

    it('leaves the connection alone when all of it comes after the answer', async () => {
      const { caller, request } = await eventually(async () => {
        const caller = openCaller();
        return { caller, request: await caller.sendAll() };
      });
      await timeIsUp();
      assert.equal(request.socket.destroyed, false, 'the connection was closed');
      await caller.sendHead();
      caller.hangUp();
    });

    /** Counts from now on how often something asks whether all of it has come. */
    function countLooks(request: IncomingMessage): () => number {
      const { complete } = request;
      let looks = 0;
      Object.defineProperty(request, 'complete', { get: () => (looks++, complete) });
      return () => looks;
    }

    it('is looked at no further once all of it has come', async () => {
      const looks = await eventually(async () => countLooks(await openCaller().sendAll()));
      await timeIsUp();
      assert.ok(looks() <= 2, `${looks()} looks`);
    });

    it('is looked at no further once its connection is closed', async () => {
      const caller = openCaller();
      const request = await caller.sendHead();
      caller.hangUp();
      await eventually(() => assert.ok(request.socket.destroyed, 'not yet'));
      const looks = countLooks(request);
      await timeIsUp();
      assert.ok(looks() <= 2, `${looks()} looks`);
    });

    it('leaves nothing behind on a connection that is kept', async () => {
      const [first, second, third] = await eventually(async () => {
        const caller = openCaller();
        const countAfterNext = async () => (await caller.sendAll()).socket.listenerCount('close');
        const counts = [await countAfterNext(), await countAfterNext(), await countAfterNext()];
        caller.hangUp();
        return counts;
      });
      assert.deepEqual([second, third], [first, first]);
    });
  });

  it('leaves smaller ones and their connections alone', async () => {
    const agentless = await fetch(`http://127.0.0.1:${port}/read`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'x'.repeat(60_000) }),
    });
    assert.equal(((await agentless.json()) as { name: string }).name.length, 60_000);
    assert.notEqual(agentless.headers.get('connection'), 'close');
  });
});
