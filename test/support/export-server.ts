import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { startHttpServer } from './local-server.ts';

type Answer = (response: ServerResponse, headers: IncomingHttpHeaders) => void;

/** An advertiser's server with its export: what it was asked with, and answers as it is told to. */
export async function startExportServer() {
  const asked: IncomingHttpHeaders[] = [];
  let answer: Answer = (response) => response.end();
  const { origin, connections, close } = await startHttpServer((request, response) => {
    asked.push(request.headers);
    response.on('error', () => undefined);
    answer(response, request.headers);
  });
  return {
    origin,
    url: `${origin}/exports/conversions.csv?key=in-the-query`,
    asked,
    connections,
    close,
    answer: (next: Answer) => void (answer = next),
    /** From now on this is its export. */
    serve(text: string, headers: Record<string, string> = { 'content-type': 'text/csv' }): void {
      answer = (response) => response.writeHead(200, headers).end(text);
    },
    refuse(status: number, headers: Record<string, string> = {}): void {
      answer = (response) => response.writeHead(status, headers).end('no');
    },
  };
}

export type ExportServer = Awaited<ReturnType<typeof startExportServer>>;
