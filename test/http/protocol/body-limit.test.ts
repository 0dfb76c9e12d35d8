import assert from 'node:assert/strict';
import { connect } from 'node:net';
import express from 'express';
import { limitBody, MAX_BODY_BYTES } from '../../../src/http/protocol/body-limit.ts';
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

  before(async () => {
    const app = express();
    app.use('/read', limitBody, express.json({ limit: MAX_BODY_BYTES }));
    app.use('/read', createProblemHandler({ error: () => assert.fail(), warn: () => assert.fail() }));
    app.post('/read', (req, res) => void res.json(req.body));
    app.use((_req, res) => void res.status(404).end('nothing'));
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

  it('is read no further than the limit when it gives no length', async () => {
    assertRefused(await sendEndlessly(['POST /read HTTP/1.1', 'Transfer-Encoding: chunked'], CHUNKED));
  });

  it('without a length ends its connection where nobody reads it', async () => {
    const { answer } = await sendEndlessly(['POST /nowhere HTTP/1.1', 'Transfer-Encoding: chunked'], CHUNKED);
    assert.match(answer, /^HTTP\/1\.1 404 /);
  });

  it('leaves the connection alone when all of it has come, although a route for files has not read it', async () => {
    const socket = connect(port, '127.0.0.1');
    const refused = () =>
      socket.write(['POST /v1/admin/imports HTTP/1.1', 'Host: x', 'Content-Length: 3', '', 'a,b'].join('\r\n'));
    let answers = 0;
    let isClosed = false;
    socket.setEncoding('latin1').on('data', (text: string) => (answers += text.split('HTTP/1.1 404 ').length - 1));
    socket.on('close', () => (isClosed = true)).on('error', () => undefined);
    refused();
    // It was closed half a second after an answer.
    const end = performance.now() + 1500;
    await eventually(() => assert.ok(isClosed || performance.now() > end, 'the connection may still be closed'));
    assert.equal(isClosed, false, 'the connection was closed');
    refused();
    await eventually(() => assert.equal(answers, 2));
    socket.destroy();
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
