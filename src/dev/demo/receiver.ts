import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAssetRoutes } from '../../http/pages/assets.ts';
import { createApp, secureAnswers } from '../../http/protocol/app.ts';
import { behaviours, isBehaviour, type Behaviour, type ReceivedCall } from './received-call.ts';
import { renderLanding, renderReceived } from './receiver-pages.ts';

const MAX_KEPT = 200;
const MAX_BODY_BYTES = 64 * 1024;

export type Receiver = { url: string; stop(): Promise<void> };

/**
 * Plays the outside world of the demo: the tracker of a partner, which shows what arrived, newest first, and answers as
 * its page tells it to; and the page of an advertiser, where the offers lead.
 */
export async function startReceiver({ port }: { port: number }): Promise<Receiver> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.on('request', createReceiverApp(url));
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function createReceiverApp(url: string) {
  const calls: ReceivedCall[] = [];
  let behaviour: Behaviour = 'ok';
  const app = createApp(false);
  app.use(secureAnswers(url), createAssetRoutes());
  app.use((_req, res, next) => {
    res.set('cache-control', 'no-store');
    next();
  });
  app.all(['/postback', '/postback{*rest}'], async (req, res) => {
    if (req.method !== 'GET' && req.method !== 'POST') return refuse(res);
    calls.unshift(await receive(req, behaviour));
    calls.length = Math.min(calls.length, MAX_KEPT);
    behaviours[behaviour].answer(res);
  });
  app.post('/behaviour', async (req, res) => {
    // Pages elsewhere have no business here, although a browser would let them send a form.
    if (req.get('sec-fetch-site') === 'cross-site') return void res.status(403).type('text').send('not from there');
    const wanted = new URLSearchParams(await readBody(req)).get('answer');
    if (!isBehaviour(wanted)) return void res.status(400).type('text').send('no such answer');
    behaviour = wanted;
    res.redirect(303, '/');
  });
  app.get('/', (_req, res) => void res.send(renderReceived(calls, behaviour)));
  app.get('/received.json', (_req, res) => void res.json(calls));
  app.get('/landing', (req, res) => void res.send(renderLanding(req.query['conversion_id'])));
  app.use((req, res) => (req.method === 'GET' ? void res.status(404).type('text').send('not found') : refuse(res)));
  return app;
}

function refuse(res: ServerResponse): void {
  res.writeHead(405, { 'content-type': 'text/plain; charset=utf-8' }).end('GET or POST /postback');
}

async function receive(request: IncomingMessage, answered: Behaviour): Promise<ReceivedCall> {
  const body = await readBody(request);
  const { method = 'GET', url: path = '/', headers } = request;
  return { time: new Date().toISOString(), method, path, headers: Object.entries(headers).map(toLine), body, answered };
}

function toLine([name, value]: [string, string | string[] | undefined]): string {
  return `${name}: ${Array.isArray(value) ? value.join(', ') : (value ?? '')}`;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
