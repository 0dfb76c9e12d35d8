import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { Express } from 'express';
import { StartupError } from '../../errors.ts';
import { hasBody, mayCarryFile, refuseLargeBody } from './body-limit.ts';

/** How long requests under way may go on when a server closes. */
export const REQUEST_GRACE_MS = 10_000;

const SECOND = 1000;
// Longer than the idle time-out of usual load balancers (60 s), so that it is they who close an idle connection.
const KEEP_ALIVE_MS = 65 * SECOND;
const HEADERS_TIMEOUT_MS = 15 * SECOND;
const BODY_TIMEOUT_MS = 30 * SECOND;
// A file of statuses; Node knows one limit for all requests.
const FILE_TIMEOUT_MS = 15 * 60 * SECOND;
const MAX_HEADERS = 100;
const IDLE_SWEEP_MS = 20;
// A connection that has been silent for so long while the server closes has no request on its way.
const LINGER_MS = 500;

export type FastServer = http.Server & {
  /** Lets every answer from now on end its connection, also those to requests that are under way. */
  endConnections(): void;
};

/**
 * An HTTP server for an Express app at about a quarter of the usual cost per request. Express resets the prototypes of
 * each request and response to its own, which throws away what V8 has learned about them. Here both are built with
 * those prototypes from the start, so that the reset changes nothing. Only real classes are fast: the same by
 * `Reflect.construct` is slower than Express as it comes.
 */
export function createFastServer(app: Express, { bodyTimeoutMs = BODY_TIMEOUT_MS } = {}): FastServer {
  class Request extends http.IncomingMessage {}
  class Response extends http.ServerResponse {}
  Object.setPrototypeOf(Request.prototype, app.request);
  Object.setPrototypeOf(Response.prototype, app.response);
  app.request = Request.prototype as typeof app.request;
  app.response = Response.prototype as typeof app.response;

  const mayGoOn = (req: Request, res: Response): boolean => {
    if (hasBody(req) && !mayCarryFile(req)) limitBodyTime(req, res, bodyTimeoutMs);
    return !refuseLargeBody(req, res);
  };
  const server = http.createServer(
    { IncomingMessage: Request, ServerResponse: Response, connectionsCheckingInterval: SECOND },
    (req, res) => {
      if (mayGoOn(req, res)) app(req, res);
    },
  );
  // Node would ask for the body of a caller who waits with it before anybody has looked at its length.
  server.on('checkContinue', (req, res) => {
    if (!mayGoOn(req, res)) return;
    res.writeContinue();
    app(req, res);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = FILE_TIMEOUT_MS;
  server.maxHeadersCount = MAX_HEADERS;
  return Object.assign(server, { endConnections: () => endConnectionsWith(Response.prototype) });
}

/** Ends a request whose body does not come, as Node would. */
function limitBodyTime(req: http.IncomingMessage, res: http.ServerResponse, withinMs: number): void {
  const end = () => {
    if (req.complete) return;
    if (!res.headersSent) res.writeHead(408, { connection: 'close' }).end();
    req.socket.destroySoon();
  };
  const timer = setTimeout(end, withinMs).unref();
  res.once('close', () => clearTimeout(timer));
}

/** Every head of an answer is written by this method; replaced only now, it has cost nothing until then. */
function endConnectionsWith(prototype: http.ServerResponse): void {
  if (Object.hasOwn(prototype, 'writeHead')) return;
  type WriteHead = (this: http.ServerResponse, ...given: unknown[]) => http.ServerResponse;
  const { writeHead } = http.ServerResponse.prototype as unknown as { writeHead: WriteHead };
  const writeLastHead: WriteHead = function (...given) {
    this.setHeader('connection', 'close');
    return writeHead.apply(this, given);
  };
  prototype.writeHead = writeLastHead;
}

/** @param setting the configuration that names the port, for the message when it is taken. @returns the actual port */
export async function listen(
  server: http.Server,
  { host, port, setting }: { host: string; port: number; setting: 'PORT' | 'OPS_PORT' },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(describeListenError(cause, { host, port, setting })));
    server.listen({ host, port }, resolve);
  });
  server.removeAllListeners('error');
  return (server.address() as AddressInfo).port;
}

/** Stops accepting, lets running requests finish, and cuts those that take longer than `graceMs`. */
export async function closeServer(server: FastServer, graceMs: number): Promise<void> {
  if (!server.listening) return;
  server.endConnections();
  const sweepFrom = Date.now() + LINGER_MS;
  const sweep = setInterval(() => Date.now() > sweepFrom && server.closeIdleConnections(), IDLE_SWEEP_MS);
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  // The close of an HTTP server would also end every idle connection, on which the next request may be on its way.
  await new Promise<void>((resolve) => net.Server.prototype.close.call(server, () => resolve()));
  clearInterval(sweep);
  clearTimeout(cut);
}

function describeListenError(
  cause: NodeJS.ErrnoException,
  { host, port, setting }: { host: string; port: number; setting: string },
): StartupError {
  const where = `${host}:${port}`;
  const refuse = (message: string) => new StartupError(`${setting}: ${message}`, { cause });
  if (cause.code === 'EADDRINUSE')
    return refuse(`${where} is taken by another program. Stop it, or set ${setting} to a free port.`);
  if (cause.code === 'EACCES') return refuse(`not allowed to listen on ${where}. Set ${setting} to 1024 or above.`);
  return refuse(`cannot listen on ${where}: ${cause.message}`);
}
