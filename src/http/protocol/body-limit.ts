import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { makeProblem, TOO_LARGE } from './problem.ts';

const KIB = 1024;

/** The most that a request may carry, but for files and vocabularies. */
export const MAX_BODY_BYTES = 64 * KIB;

/**
 * The most that the editor of a vocabulary may send. It sends each word as it stands and as it was shown: of 64 letters, each of
 * which takes up to twelve bytes in a form, and with the words that wait there are up to 220.
 */
export const MAX_VOCABULARY_BYTES = 512 * KIB;

// So long a caller has time to read the answer: closing at once would reset the connection while it still sends.
const LINGER_MS = 500;
const LOOK_MS = 5;

// Files of statuses: their routes bound what they take by themselves.
const FILES = /^\/(?:v1\/admin\/imports|ops\/imports|advertisers\/[^/?]{1,100}\/imports)\/?(?:\?|$)/;

const VOCABULARY = /^\/ops\/advertisers\/[^/?]{1,100}\/vocabulary\/?(?:\?|$)/;

/** A request that may carry a file of any size, for as long as that takes. */
export function mayCarryFile({ method, url = '' }: IncomingMessage): boolean {
  return method === 'POST' && FILES.test(url);
}

/** False for a request that ends with its header. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Refuses a body by its header alone, before any of it is read. It is for every request: what no route reads, Node would
 * read to its end and throw away.
 * @returns true when the request has been answered
 */
export function refuseLargeBody(req: IncomingMessage, res: ServerResponse): boolean {
  const { 'content-length': length, 'transfer-encoding': transferEncoding } = req.headers;
  if (mayCarryFile(req)) {
    res.once('finish', () => closeUnlessRead(req));
    return false;
  }
  if (Number(length ?? 0) > mostBytesAt(req.url)) {
    refuse(req, res);
    return true;
  }
  if (transferEncoding !== undefined) res.once('finish', () => closeUnlessRead(req));
  return false;
}

/** Stops reading a body without a length as soon as it is too large. Stands before the parsers of bodies. */
export const limitBody: RequestHandler = (req, res, next) => {
  if (req.headers['transfer-encoding'] !== undefined) watchBody(req, res, mostBytesAt(req.originalUrl));
  next();
};

function mostBytesAt(url = ''): number {
  return VOCABULARY.test(url) ? MAX_VOCABULARY_BYTES : MAX_BODY_BYTES;
}

function watchBody(req: IncomingMessage, res: ServerResponse, mostBytes: number): void {
  let bytes = 0;
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= mostBytes || res.headersSent) return;
    req.off('data', count);
    refuse(req, res);
    // The parser that is reading the same body sees that it is too large too, and would read on to its end.
    setImmediate(() => req.pause());
  };
  req.on('data', count);
}

/** Sends a whole answer but leaves the response open: ending it would make Node read on or close at once. */
function refuse(req: IncomingMessage, res: ServerResponse): void {
  const text = JSON.stringify(makeProblem('too_large', TOO_LARGE));
  res.writeHead(413, {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    connection: 'close',
  });
  res.write(text);
  closeSoon(req);
}

/**
 * The request was answered before its body had come to an end. Node throws away what still comes: a small rest is gone at
 * once, and the connection stays for the next request. A large one is not read to its end.
 */
function closeUnlessRead(req: IncomingMessage): void {
  if (req.complete) return;
  const { socket } = req;
  const mostRead = socket.bytesRead + MAX_BODY_BYTES;
  // Node tells nobody of what it throws away.
  const look = setInterval(() => {
    if (req.complete || socket.destroyed) clearInterval(look);
    else if (socket.bytesRead > mostRead) socket.pause();
  }, LOOK_MS).unref();
  soon(() => {
    clearInterval(look);
    if (!req.complete) socket.destroy();
  });
}

function closeSoon(req: IncomingMessage): void {
  soon(() => req.socket.destroy());
}

/** Nothing is hung on the connection: it may be kept for long and bring many such requests. To close it twice does no harm. */
function soon(act: () => void): void {
  setTimeout(act, LINGER_MS).unref();
}
