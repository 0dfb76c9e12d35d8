import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Narrator } from './narrator.ts';

/** What the partner's tracker answers: an HTTP status, or nothing at all. */
export type TrackerAnswer = number | 'nothing';

/** A call as `approved, answered 200`, and when it came, in milliseconds of a clock that only goes forward. */
export type Heard = { what: string; at: number };

export type DemoPartner = {
  name: string;
  partnerId: string;
  /** Template of a postback to the partner's tracker. */
  postbackUrl: string;
  /** The link that the partner gives to a visitor. */
  linkWith(refId: string): string;
  /** The answers to the next calls, the last one for good. */
  willAnswer(...answers: TrackerAnswer[]): void;
  /** The calls of this story. */
  heard: Heard[];
  /** Begins a new story: nothing heard, every call answered with 200. */
  forget(): void;
  stop(): Promise<void>;
};

/** A partner whose tracker is a real HTTP server. */
export async function startPartner(name: string, narrator: Narrator): Promise<DemoPartner> {
  let answers: TrackerAnswer[] = [200];
  const heard: Heard[] = [];
  const partnerId = name.toLowerCase();

  const server = createServer((request, response) => {
    const [answer = 200] = answers;
    if (answers.length > 1) answers = answers.slice(1);
    const path = request.url ?? '/';
    const answered = answer === 'nothing' ? 'not answered' : `answered ${answer}`;
    const status = new URL(path, 'http://tracker').searchParams.get('status');
    heard.push({ what: `${status}, ${answered}`, at: performance.now() });
    narrator.tell(name, `is called: ${request.method} ${path}`);
    narrator.tell('', `  ${answered}`);
    if (answer !== 'nothing') sendAnswer(response, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    name,
    partnerId,
    postbackUrl: `http://127.0.0.1:${port}/in?status={status}&ref={ref_id}&payout={payout}&reason={reason}&conversion={conversion_id}`,
    linkWith: (refId) => `/${partnerId}/?ref_id=${refId}`,
    willAnswer(...next) {
      answers = next;
    },
    heard,
    forget() {
      answers = [200];
      heard.length = 0;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A redirect leads to the tracker itself, which would notice if anybody followed it. */
function sendAnswer(response: ServerResponse, status: number): void {
  response.writeHead(status, status === 302 ? { location: '/followed?status=followed' } : {}).end();
}
