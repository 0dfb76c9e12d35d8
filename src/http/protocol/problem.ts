import { randomBytes } from 'node:crypto';
import type { ErrorRequestHandler, Response } from 'express';
import { isDatabaseAway, isUnstorableValue } from '../../db/sqlstate.ts';
import { AppError, type AppErrorKind, type FieldProblem } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { noteUnavailable } from './unavailable-log.ts';

/** An error as callers see it; RFC 9457, with `kind` for programs and `problems` for the fields of a form. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  kind: ProblemKind;
  problems?: FieldProblem[];
  /** The same for settings that cannot be saved. */
  errors?: FieldProblem[];
  /** Names an unexpected error in our log. */
  error_id?: string;
};

export type ProblemKind = AppErrorKind | 'method_not_allowed' | 'wrong_host' | 'wrong_origin' | 'unexpected';

export const problemKinds: Readonly<Record<ProblemKind, { status: number; title: string }>> = {
  malformed: { status: 400, title: 'The request is malformed' },
  unauthorized: { status: 401, title: 'The key or token is not valid' },
  forbidden: { status: 403, title: 'The role of the key is too low' },
  wrong_origin: { status: 403, title: 'The request comes from a page of another site' },
  unknown: { status: 404, title: 'There is no such thing here' },
  method_not_allowed: { status: 405, title: 'This address does not answer that method' },
  taken: { status: 409, title: 'The request conflicts with what there is' },
  conflict: { status: 409, title: 'The request conflicts with what there is' },
  window_closed: { status: 409, title: 'The window of the conversion is over' },
  too_large: { status: 413, title: 'The request is too large' },
  wrong_host: { status: 421, title: 'The request is meant for another host' },
  unknown_status: { status: 422, title: 'The status is not known' },
  invalid: { status: 400, title: 'A value cannot be accepted' },
  invalid_settings: { status: 422, title: 'The settings cannot be saved' },
  too_many: { status: 429, title: 'Too many requests' },
  unexpected: { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'Not available at the moment' },
};

export const TOO_LARGE = 'The body is too large: at most 64 KB and 1000 fields are read.';

const RETRY_AFTER_SECONDS: Partial<Record<ProblemKind, number>> = { unavailable: 5, too_many: 60 };

export function makeProblem(kind: ProblemKind, detail: string, extra: Partial<Problem> = {}): Problem {
  return { type: `urn:cashcat:problem:${kind}`, ...problemKinds[kind], detail, kind, ...extra };
}

/**
 * What callers are told of an error. They are not told why something is not available, nor anything but an id of what is
 * unexpected: both are logged here.
 */
export function toProblem(error: unknown, log: Pick<Log, 'error' | 'warn'>): Problem {
  if (error instanceof AppError) {
    if (error.kind === 'unavailable') return toUnavailable(error, log);
    return makeProblem(error.kind, error.message, fieldsOf(error));
  }
  if (isDatabaseAway(error)) {
    noteUnavailable(error, log);
    return makeProblem('unavailable', 'This cannot be done at the moment; try again shortly.');
  }
  if (isUnstorableValue(error)) return makeProblem('malformed', 'The request holds a value that cannot be stored.');
  const clientProblem = toClientProblem(error);
  if (clientProblem) return clientProblem;
  const errorId = logUnexpected(error, log);
  return makeProblem('unexpected', `This is our mistake. If you write to us, mention ${errorId}.`, {
    error_id: errorId,
  });
}

function fieldsOf({ kind, problems }: AppError): Partial<Problem> {
  if (problems.length === 0) return {};
  return kind === 'invalid_settings' ? { errors: problems } : { problems };
}

/** A mistake of ours must not hide among outages, which mend themselves; its caller is to send it again all the same. */
function toUnavailable(error: AppError, log: Pick<Log, 'error' | 'warn'>): Problem {
  const { message, cause } = error;
  if (cause === undefined || isDatabaseAway(cause)) {
    noteUnavailable(cause ?? error, log);
    return makeProblem('unavailable', message);
  }
  return makeProblem('unavailable', message, { error_id: logUnexpected(cause, log) });
}

const errorIds = new WeakMap<object, string>();

/** Requests that failed together, such as those of one batch, share a line. @returns the id by which people find it */
function logUnexpected(error: unknown, log: Pick<Log, 'error'>): string {
  const known = error instanceof Error ? errorIds.get(error) : undefined;
  if (known !== undefined) return known;
  const errorId = randomBytes(6).toString('hex');
  if (error instanceof Error) errorIds.set(error, errorId);
  log.error({ err: error, errorId }, 'A request failed unexpectedly.');
  return errorId;
}

export function sendProblem(res: Response, problem: Problem): void {
  setProblemHeaders(res, problem);
  res.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

/** Headers that belong to a problem whether a program or a person reads it. */
export function setProblemHeaders(res: Response, { kind }: Problem): void {
  const retryAfter = RETRY_AFTER_SECONDS[kind];
  if (retryAfter !== undefined) res.set('retry-after', String(retryAfter));
  if (kind === 'unauthorized') res.set('www-authenticate', 'Bearer');
  res.set('cache-control', 'no-store');
}

/** The last handler of an API, or of pages with another way to send a problem. */
export function createProblemHandler(log: Pick<Log, 'error' | 'warn'>, send = sendProblem): ErrorRequestHandler {
  return (error, req, res, next) => {
    const problem = toProblem(error, log);
    // Once the connection has ended there is nobody to tell, and Express would print the error beside our log.
    if (res.headersSent) return req.socket.destroyed ? undefined : next(error);
    send(res, problem);
  };
}

/** Errors of Express and its body parsers carry a status; their messages quote the input, so they are not passed on. */
function toClientProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  if (error.status < 400 || error.status > 499) return undefined;
  if (error.status === 413) return makeProblem('too_large', TOO_LARGE);
  const isPath = error instanceof URIError;
  const detail = isPath ? 'The address cannot be read.' : 'The body cannot be read: check it and its Content-Type.';
  return makeProblem('malformed', detail);
}
