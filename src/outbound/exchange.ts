import { errors, type Dispatcher } from 'undici';
import type { PostbackRequest } from '../domain/postbacks/postback-settings.ts';
import type { SendError } from '../domain/postbacks/send-error.ts';
import { codeOf } from '../errors.ts';
import { AddressNotAllowedError, NameNotResolvedError } from './guarded-connect.ts';
import { ResponseBytesError } from './limit-responses.ts';

/** As much of an answer as came; all of it is hostile. */
export type Exchanged = {
  /** Null when no status line arrived. */
  httpStatus: number | null;
  /** The Location header, one byte in each letter. */
  location: string | null;
  /** The beginning of the body, `keepBytes` and one more at most; null when no response arrived. */
  body: Buffer | null;
  /** Null when a response arrived, and ended or was cut off by us for its size. */
  error: SendError | null;
};

export type ExchangeLimits = {
  /** For everything together. */
  timeoutMs: number;
  keepBytes: number;
};

/**
 * Makes one call; never rejects for anything that the other side does. undici's `request` makes a stream of each answer,
 * and a signal of each time limit: these cost more than all else around a call.
 */
export function exchange(
  dispatcher: Dispatcher,
  { url, method, headers, body }: PostbackRequest,
  { timeoutMs, keepBytes }: ExchangeLimits,
): Promise<Exchanged> {
  const { origin, pathname, search } = new URL(url);
  return new Promise((resolve) => {
    const received: Pick<Exchanged, 'httpStatus' | 'location'> = { httpStatus: null, location: null };
    const chunks: Buffer[] = [];
    let keptBytes = 0;
    let controller: Dispatcher.DispatchController | undefined;
    let isOver = false;
    const timer = setTimeout(() => {
      end('timeout');
      controller?.abort(new errors.RequestAbortedError());
    }, timeoutMs);

    dispatcher.dispatch(
      { origin, path: pathname + search, method, headers, body },
      {
        onRequestStart(started) {
          controller = started;
          // undici waits for a connection as long as it takes: nothing may be sent any more.
          if (isOver) started.abort(new errors.RequestAbortedError());
        },
        onResponseStart(_controller, statusCode, answered) {
          // Interim responses come before the one that counts.
          if (statusCode < 200) return;
          received.httpStatus = statusCode;
          received.location = [answered.location].flat()[0] ?? null;
        },
        onResponseData(_controller, chunk) {
          if (keptBytes > keepBytes) return;
          // A copy: undici goes on to use the memory.
          const part = Buffer.from(chunk.subarray(0, keepBytes + 1 - keptBytes));
          chunks.push(part);
          keptBytes += part.length;
        },
        onResponseEnd: () => end(null),
        onResponseError: (_controller, error) => end(isAnswered() && isCutOff(error) ? null : nameError(error)),
      },
    );

    function end(error: SendError | null): void {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      resolve({ ...received, body: isAnswered() ? Buffer.concat(chunks) : null, error });
    }

    function isAnswered(): boolean {
      return received.httpStatus !== null;
    }
  });
}

function isCutOff(error: unknown): boolean {
  return codeOf(error) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE' || error instanceof ResponseBytesError;
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
