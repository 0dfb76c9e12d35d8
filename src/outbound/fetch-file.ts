import { Agent, request, type Dispatcher } from 'undici';
import type { SendError } from '../domain/postbacks/send-error.ts';
import { AppError, codeOf } from '../errors.ts';
import { inTime } from '../in-time.ts';
import type { AddressRules } from './address-rules.ts';
import { nameError } from './exchange.ts';
import { isCallable } from './guarded-client.ts';
import { createDial, createGuardedConnect, type Dial } from './guarded-connect.ts';
import { limitResponses } from './limit-responses.ts';
import { createNameResolver, type ResolveName } from './resolve-name.ts';
import { toSafeText } from './response-text.ts';

/** Why a file did not come, or not whole. Holds nothing about our side of the network. */
export class FetchError extends Error {
  override readonly name = 'FetchError';
  readonly problem: SendError;

  constructor(problem: SendError, options: ErrorOptions = {}) {
    super(`The file could not be fetched: ${problem}.`, options);
    this.problem = problem;
  }
}

/** The beginning of an answer; all texts are hostile. */
export type FetchedFile = {
  httpStatus: number;
  /** Null, as that below, when it could not be sent back as it came. */
  etag: string | null;
  lastModified: string | null;
  /** Of a redirect, which is not followed. */
  location: string | null;
  /** Null for what comes as it is. */
  encoding: string | null;
  contentType: string | null;
  /** To be read once, at the reader's pace. @throws FetchError */
  bytes: AsyncIterable<Uint8Array>;
  /** Ends it unread. */
  leave(): void;
};

export type FileClient = {
  /** @throws FetchError */
  fetch(call: { url: string; headers: Record<string, string>; signal: AbortSignal }): Promise<FetchedFile>;
  close(): Promise<void>;
};

type FileClientOptions = {
  addressRules: AddressRules;
  /** For a whole file. */
  timeoutMs: number;
  /** How long the other side may be silent. */
  idleMs: number;
  maxBytes: number;
  /** In place of the DNS, for tests. */
  resolveName?: ResolveName;
  /** In place of real sockets, for tests. */
  dial?: Dial;
};

const KIB = 1024;
const HEADER_BYTES = 16 * KIB;
const SHOWN_BYTES = KIB;
// Frames of chunks, interim responses and headers come on top of what a file holds.
const BYTES_AROUND = 256 * KIB;
const SOCKETS_PER_ORIGIN = 8;
const IDLE_SOCKET_MS = 2000;

/**
 * Fetches files from URLs that strangers chose, however large, without holding them: as guarded as the client that sends
 * postbacks. Redirects are not followed, so headers never reach another origin; compressed files are not asked for.
 */
export function createFileClient(options: FileClientOptions): FileClient {
  const agent = createAgent(options);
  return {
    async fetch({ url, headers, signal }) {
      if (!isCallable(url)) throw new FetchError('invalid_url');
      const until = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
      const response = await open(agent, { url, headers, signal: until }, options.idleMs);
      return describe(response, until);
    },
    close: () => agent.destroy(),
  };
}

function createAgent({
  addressRules,
  idleMs,
  maxBytes,
  resolveName = createNameResolver(),
  dial = createDial(idleMs),
}: FileClientOptions): Agent {
  const dialLimited: Dial = async (target) => limitResponses(await dial(target), 2 * maxBytes + BYTES_AROUND);
  return new Agent({
    connect: createGuardedConnect({ addressRules, timeoutMs: idleMs, resolveName, dial: dialLimited }),
    connections: SOCKETS_PER_ORIGIN,
    pipelining: 1,
    keepAliveTimeout: IDLE_SOCKET_MS,
    keepAliveMaxTimeout: IDLE_SOCKET_MS,
    maxHeaderSize: HEADER_BYTES,
    // Over what is taken by a little: who reads says what is too large in its own words.
    maxResponseSize: maxBytes + BYTES_AROUND,
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
  });
}

/** A race and not only a signal: undici heeds a signal once it has a connection, not while it waits for one. */
async function open(
  agent: Agent,
  { url, headers, signal }: { url: string; headers: Record<string, string>; signal: AbortSignal },
  withinMs: number,
): Promise<Dispatcher.ResponseData> {
  try {
    return await inTime(
      async (late) => {
        const response = await request(url, {
          dispatcher: agent,
          method: 'GET',
          headers,
          signal: AbortSignal.any([signal, late.signal()]),
        });
        return response;
      },
      { withinMs, message: `No answer within ${withinMs} ms` },
    );
  } catch (error) {
    throw toFetchError(error, signal);
  }
}

function describe(response: Dispatcher.ResponseData, signal: AbortSignal): FetchedFile {
  const { headers, statusCode, body } = response;
  const encoding = textOf(headers['content-encoding']);
  // It may be left before anybody reads it.
  body.on('error', () => undefined);
  return {
    httpStatus: statusCode,
    etag: validatorOf(headers.etag),
    lastModified: validatorOf(headers['last-modified']),
    location: textOf(headers.location),
    encoding: encoding === null || encoding.toLowerCase() === 'identity' ? null : encoding,
    contentType: textOf(headers['content-type']),
    bytes: readBytes(body, signal),
    leave: () => void body.destroy(),
  };
}

async function* readBytes(body: Dispatcher.ResponseData['body'], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body as AsyncIterable<Uint8Array>) yield piece;
  } catch (error) {
    throw toFetchError(error, signal);
  }
}

/** What we ended ourselves stays what it is said to be by whoever ended it. */
function toFetchError(error: unknown, signal: AbortSignal): FetchError {
  const isLate = error instanceof AppError || (signal.aborted && isTimeout(signal.reason));
  if (isLate) return new FetchError('timeout', { cause: error });
  if (codeOf(error) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return new FetchError('response_too_large', { cause: error });
  return new FetchError(nameError(error), { cause: error });
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}

/** Whether an ETag or a Last-Modified can be sent back: undici sends no request with other letters in a header. */
export function isValidator(text: string): boolean {
  return text.length <= SHOWN_BYTES && /^[\x20-\x7e]+$/.test(text);
}

function validatorOf(value: string | string[] | undefined): string | null {
  const first = [value].flat()[0];
  return first !== undefined && isValidator(first) ? first : null;
}

function textOf(value: string | string[] | undefined): string | null {
  const first = [value].flat()[0];
  return first === undefined ? null : toSafeText(Buffer.from(first, 'latin1'), SHOWN_BYTES);
}
