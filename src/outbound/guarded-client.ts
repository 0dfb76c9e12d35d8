import { Agent } from 'undici';
import type { PostbackRequest } from '../domain/postbacks/postback-settings.ts';
import type { SendError } from '../domain/postbacks/send-error.ts';
import { createUnderWay } from '../under-way.ts';
import { findOutboundPortProblem, findUrlProblem } from '../domain/web-url.ts';
import type { AddressRules } from './address-rules.ts';
import { exchange, type Exchanged } from './exchange.ts';
import { createDial, createGuardedConnect, type Dial } from './guarded-connect.ts';
import { limitResponses } from './limit-responses.ts';
import { createNameResolver, type ResolveName } from './resolve-name.ts';
import { toSafeText } from './response-text.ts';

/** What became of one call. Holds nothing about our side of the network: no resolved address, no errno. */
export type SendOutcome = {
  /** HTTP 200 and a response that ended, or was cut off by us for its size. */
  delivered: boolean;
  /** Null when no status line arrived. */
  httpStatus: number | null;
  /** Null when a response arrived, whatever its status. */
  error: SendError | null;
  /** The Location header: hostile text, never followed. */
  location: string | null;
  /** The first 4 KiB as text: hostile. Null when no response arrived. */
  responseBody: string | null;
  durationMs: number;
};

export type GuardedClient = {
  /** Never rejects for anything that the other side does. */
  send(call: PostbackRequest): Promise<SendOutcome>;
  /** Waits for the calls under way, which the time limit bounds, then closes all sockets. */
  close(): Promise<void>;
};

type ClientOptions = {
  addressRules: AddressRules;
  /** For everything together: name, connection, request, response. */
  timeoutMs: number;
  /** In place of the DNS, for tests. */
  resolveName?: ResolveName;
  /** In place of real sockets, for tests. */
  dial?: Dial;
};

const UNCALLABLE: Exchanged = { httpStatus: null, location: null, body: null, error: 'invalid_url' };

const KIB = 1024;
const BODY_KEPT_BYTES = 4 * KIB;
const BODY_READ_BYTES = 64 * KIB;
const HEADER_BYTES = 16 * KIB;
// Room for a body and headers of the sizes above, and for interim responses and the frames of chunks around them.
const RESPONSE_BYTES = 128 * KIB;
const LOCATION_KEPT_BYTES = 2 * KIB;
/** A further call would wait for a socket, and its time limit would run meanwhile. */
export const SOCKETS_PER_ORIGIN = 128;
// Shorter than any common server's own, else a server would close a socket while a postback is on its way into it.
const IDLE_SOCKET_MS = 2000;

/**
 * An HTTP client for URLs that strangers chose. Every address is judged by the rules when it is dialled.
 * Redirects are not followed, proxies from the environment are not used, compressed bodies are not inflated.
 *
 * A body over 64 KiB, or one of more than 128 KiB with all that is around it, is cut off there and counts as received:
 * the partner has answered, and the answer stands in the status line. A body that does not end within the time limit is a
 * timeout, whatever the status line said.
 */
export function createGuardedClient(options: ClientOptions): GuardedClient {
  const agent = createAgent(options);
  const underWay = createUnderWay();

  return {
    send: (call) => underWay.run(() => sendOnce(agent, call, options.timeoutMs)),
    async close() {
      await underWay.allEnded();
      await agent.destroy();
    },
  };
}

function createAgent({
  addressRules,
  timeoutMs,
  resolveName = createNameResolver(),
  dial = createDial(timeoutMs),
}: ClientOptions): Agent {
  const dialLimited: Dial = async (target) => limitResponses(await dial(target), RESPONSE_BYTES);
  const connect = createGuardedConnect({ addressRules, timeoutMs, resolveName, dial: dialLimited });
  return new Agent({
    connect,
    connections: SOCKETS_PER_ORIGIN,
    pipelining: 1,
    keepAliveTimeout: IDLE_SOCKET_MS,
    keepAliveMaxTimeout: IDLE_SOCKET_MS,
    maxHeaderSize: HEADER_BYTES,
    maxResponseSize: BODY_READ_BYTES,
    // Both are idle times and only a second line: the limit that counts is around the whole call.
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
}

async function sendOnce(agent: Agent, call: PostbackRequest, timeoutMs: number): Promise<SendOutcome> {
  const startedAt = performance.now();
  const { httpStatus, location, body, error } = isCallable(call.url)
    ? await exchange(agent, call, { timeoutMs, keepBytes: BODY_KEPT_BYTES })
    : UNCALLABLE;
  return {
    delivered: httpStatus === 200 && error === null,
    httpStatus,
    error,
    location: location === null ? null : toSafeText(Buffer.from(location, 'latin1'), LOCATION_KEPT_BYTES),
    responseBody: body && toSafeText(body, BODY_KEPT_BYTES),
    durationMs: Math.round(performance.now() - startedAt),
  };
}

export function isCallable(url: string): boolean {
  return findUrlProblem(url) === null && findOutboundPortProblem(url) === null;
}
