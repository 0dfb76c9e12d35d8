import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { startHttpServer } from './local-server.ts';

/** What a call is answered with: an HTTP status, nothing at all, or a connection that breaks. */
export type Answer = number | 'nothing' | 'reset';

export type ReceivedPostback = {
  method: string;
  /** Path and query as they came. */
  target: string;
  path: string;
  query: Record<string, string>;
  body: string;
  /** When it came, in milliseconds of `performance.now()`. */
  at: number;
};

export type PartnerServer = {
  origin: string;
  /** Template of a postback with every macro that matters; `query` of what is received has them by these names. */
  url: string;
  /** All calls so far, in the order in which they came. */
  received: ReceivedPostback[];
  /** What the next calls are answered with, the last one for good. A function may take its time. */
  answer(...answers: (Answer | ((call: ReceivedPostback) => Answer | Promise<Answer>))[]): void;
  /** Begins anew: nothing received, and every call is answered with 200. */
  forget(): void;
  stop(): Promise<void>;
};

type Options = {
  /** Told of each call with its answer, before that is sent. */
  onCall?: (call: ReceivedPostback, answer: Answer) => void;
};

const MACROS = 'ref={ref_id}&status={status}&cid={conversion_id}&pid={postback_id}&payout={payout}&reason={reason}';

/** A partner's tracker: a real HTTP server that remembers what it was told and answers as it is asked to. */
export async function startPartnerServer({ onCall }: Options = {}): Promise<PartnerServer> {
  const received: ReceivedPostback[] = [];
  let answers: Parameters<PartnerServer['answer']> = [200];

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await readCall(request);
    received.push(call);
    const [next = 200] = answers;
    if (answers.length > 1) answers = answers.slice(1);
    const answer = typeof next === 'function' ? await next(call) : next;
    onCall?.(call, answer);
    if (answer === 'reset') request.socket.resetAndDestroy();
    else if (answer !== 'nothing') send(response, answer);
  }

  const { origin, close } = await startHttpServer((request, response) => {
    // A caller that goes away while it sends is no call.
    void respond(request, response).catch(() => response.destroy());
  });
  return {
    origin,
    url: `${origin}/in?${MACROS}`,
    received,
    answer: (...next) => void (answers = next),
    forget() {
      answers = [200];
      received.length = 0;
    },
    stop: close,
  };
}

async function readCall(request: IncomingMessage): Promise<ReceivedPostback> {
  const at = performance.now();
  const target = request.url ?? '/';
  const { pathname, searchParams } = new URL(target, 'http://tracker');
  const body = await text(request);
  return { method: request.method ?? '', target, path: pathname, query: Object.fromEntries(searchParams), body, at };
}

/** A redirect leads to the server itself, which would notice if anybody followed it. */
function send(response: ServerResponse, status: number): void {
  const headers = status === 302 ? { location: '/followed?status=followed' } : {};
  response.writeHead(status, headers).end(status === 204 ? undefined : 'thank you');
}
