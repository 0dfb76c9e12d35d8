import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const MAX_KEPT = 200;
const MAX_BODY_BYTES = 64 * 1024;

export type Receiver = { url: string; stop(): Promise<void> };
type ReceivedCall = { time: string; method: string; path: string; body: string };

/**
 * Plays the outside world of the demo: the tracker of a partner, which takes every postback and shows what arrived,
 * newest first, and the page of an advertiser, where the offers lead.
 */
export async function startReceiver({ port }: { port: number }): Promise<Receiver> {
  const calls: ReceivedCall[] = [];
  const server = createServer((request, response) => {
    answer(request, response, calls).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, calls: ReceivedCall[]): Promise<void> {
  const path = request.url ?? '/';
  if (path.startsWith('/postback') && (request.method === 'GET' || request.method === 'POST')) {
    const body = await readBody(request);
    calls.unshift({ time: new Date().toISOString(), method: request.method, path, body });
    calls.length = Math.min(calls.length, MAX_KEPT);
    return send(response, 200, { type: 'text/plain', body: 'OK' });
  }
  if (request.method !== 'GET') return send(response, 405, { type: 'text/plain', body: 'GET or POST /postback' });
  if (path === '/received.json') return send(response, 200, { type: 'application/json', body: JSON.stringify(calls) });
  if (path === '/') return send(response, 200, { type: 'text/html', body: receivedPage(calls) });
  if (/^\/landing(\?|$)/.test(path)) {
    const { searchParams } = new URL(path, 'http://receiver');
    return send(response, 200, { type: 'text/html', body: landingPage(searchParams.get('conversion_id')) });
  }
  return send(response, 404, { type: 'text/plain', body: 'not found' });
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

function send(response: ServerResponse, status: number, content: { type: string; body: string }): void {
  response.writeHead(status, {
    'content-type': `${content.type}; charset=utf-8`,
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  response.end(content.body);
}

function receivedPage(calls: ReceivedCall[]): string {
  const rows = calls.map(
    ({ time, method, path, body }) =>
      `<tr><td>${escapeHtml(time)}</td><td>${escapeHtml(method)}</td><td>${escapeHtml(path)}</td><td>${escapeHtml(body)}</td></tr>`,
  );
  return page(
    'Postbacks received by the demo partner',
    `${rows.length === 0 ? '<p>Nothing yet. Reload after a status has been sent.</p>' : ''}
<table><thead><tr><th>Time</th><th>Method</th><th>Path</th><th>Body</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>`,
  );
}

function landingPage(conversionId: string | null): string {
  const known = conversionId
    ? `your conversion id is <code>${escapeHtml(conversionId)}</code>.`
    : 'it was opened without a conversion id.';
  return page("The advertiser's page", `<p>This is the advertiser's page; ${known}</p>`);
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>body{font:16px system-ui;margin:2rem}td,th{text-align:left;padding:.3rem .8rem .3rem 0;vertical-align:top}code,td{overflow-wrap:anywhere}</style>
<h1>${title}</h1>
${content}
</html>
`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
