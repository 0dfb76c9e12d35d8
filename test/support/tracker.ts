import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type ReceivedPostback = { method: string; path: string; query: Record<string, string>; body: string };

export type Tracker = {
  /** Template with every macro that matters; the tracker reads them back from the query. */
  url: string;
  received: ReceivedPostback[];
  /** What is answered from now on: a fixed status, or the statuses for the next calls, the last one for good. */
  answer(...statuses: (number | 'hang')[]): void;
  stop(): Promise<void>;
};

/** A partner's tracker: a real HTTP server that remembers what it was told. */
export async function startTracker(): Promise<Tracker> {
  const received: ReceivedPostback[] = [];
  let answers: (number | 'hang')[] = [200];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://tracker');
      const query = Object.fromEntries(url.searchParams);
      received.push({
        method: request.method ?? '',
        path: url.pathname,
        query,
        body: Buffer.concat(chunks).toString(),
      });
      const [answer = 200] = answers;
      if (answers.length > 1) answers = answers.slice(1);
      if (answer === 'hang') return;
      const headers = answer === 302 ? { location: `${origin()}/elsewhere` } : {};
      response.writeHead(answer, headers).end(answer === 204 ? undefined : 'thank you');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin()}/in?ref={ref_id}&status={status}&cid={conversion_id}&pid={postback_id}&payout={payout}&reason={reason}`,
    received,
    answer(...statuses) {
      answers = statuses;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
