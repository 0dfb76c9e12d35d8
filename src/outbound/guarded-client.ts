import { Agent, errors, request, type Dispatcher } from 'undici';
import type { PostbackRequest } from '../domain/postbacks/postback-settings.ts';
import type { SendError } from '../domain/postbacks/send-error.ts';
import { findOutboundPortProblem, findUrlProblem } from '../domain/web-url.ts';
import { AppError, codeOf } from '../errors.ts';
import { inTime } from '../in-time.ts';
import type { AddressRules } from './address-rules.ts';
import {
  AddressNotAllowedError,
  createDial,
  createGuardedConnect,
  NameNotResolvedError,
  type Dial,
} from './guarded-connect.ts';
import { limitResponses, ResponseBytesError } from './limit-responses.ts';
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

type Received = { httpStatus: number | null; location: string | null; chunks: Buffer[] | null };

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
 * the partner has answered, and the answer stands in the status line. A body that does not end within the time limit is a timeout, whatever the status line said.
 */
export function createGuardedClient(options: ClientOptions): GuardedClient {
  const agent = createAgent(options);
  const underWay = new Set<Promise<SendOutcome>>();

  function send(call: PostbackRequest): Promise<SendOutcome> {
    const sending = sendOnce(agent, call, options.timeoutMs).finally(() => underWay.delete(sending));
    underWay.add(sending);
    return sending;
  }

  async function close(): Promise<void> {
    await Promise.all(underWay);
    await agent.destroy();
  }

  return { send, close };
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
  const received: Received = { httpStatus: null, location: null, chunks: null };
  const error = isCallable(call.url) ? await exchangeInTime(agent, call, { received, timeoutMs }) : 'invalid_url';
  const { httpStatus, location, chunks } = received;
  return {
    delivered: httpStatus === 200 && error === null,
    httpStatus,
    error,
    location,
    responseBody: chunks && toSafeText(Buffer.concat(chunks), BODY_KEPT_BYTES),
    durationMs: Math.round(performance.now() - startedAt),
  };
}

export function isCallable(url: string): boolean {
  return findUrlProblem(url) === null && findOutboundPortProblem(url) === null;
}

/** A race and not only a signal: undici heeds a signal once it has a connection, not while it waits for one. */
async function exchangeInTime(
  agent: Agent,
  call: PostbackRequest,
  { received, timeoutMs }: { received: Received; timeoutMs: number },
): Promise<SendError | null> {
  const limit = { withinMs: timeoutMs, message: `No answer within ${timeoutMs} ms` };
  const exchanged = inTime(({ signal }) => exchange(agent, call, { received, signal }), limit);
  return await exchanged.then(
    () => null,
    // Nothing within an exchange refuses: this is the limit.
    (error: unknown) => (error instanceof AppError ? 'timeout' : nameError(error)),
  );
}

async function exchange(
  agent: Agent,
  { url, method, headers, body }: PostbackRequest,
  { received, signal }: { received: Received; signal: AbortSignal },
): Promise<void> {
  const response = await request(url, { dispatcher: agent, method, headers, body, signal });
  received.httpStatus = response.statusCode;
  received.location = readLocation(response);
  received.chunks = [];
  await readBody(response.body, received.chunks);
}

async function readBody(body: Dispatcher.ResponseData['body'], chunks: Buffer[]): Promise<void> {
  let kept = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (kept >= BODY_KEPT_BYTES) continue;
      const part = Buffer.from(chunk.subarray(0, BODY_KEPT_BYTES + 1 - kept));
      chunks.push(part);
      kept += part.length;
    }
  } catch (error) {
    const isCutOff = codeOf(error) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE' || error instanceof ResponseBytesError;
    if (!isCutOff) throw error;
  }
}

function readLocation({ headers }: Dispatcher.ResponseData): string | null {
  const location = [headers.location].flat()[0];
  return location === undefined ? null : toSafeText(Buffer.from(location), LOCATION_KEPT_BYTES);
}

const TLS_CODE =
  /^(EPROTO|ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|ERROR_IN_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_)/;

/** Says of a failed call what everybody may know. */
export function nameError(error: unknown): SendError {
  if (error instanceof AddressNotAllowedError) return 'address_not_allowed';
  if (error instanceof NameNotResolvedError) return 'dns_error';
  if (error instanceof ResponseBytesError) return 'response_too_large';
  const code = codeOf(error);
  if (code === 'ECONNREFUSED') return 'connection_refused';
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'response_too_large';
  if (/TIMEOUT|TIMEDOUT/.test(code)) return 'timeout';
  if (error instanceof errors.HTTPParserError || code.startsWith('UND_ERR_RES_')) return 'bad_response';
  // A URL or header that HTTP cannot carry, such as one with a line break: refused before anything was sent.
  if (code === 'UND_ERR_INVALID_ARG') return 'invalid_url';
  return TLS_CODE.test(code) ? 'tls_error' : 'connection_failed';
}
