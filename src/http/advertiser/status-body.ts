import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';
import { isDeeperThan, MAX_NESTING } from '../../domain/nesting.ts';
import { AppError } from '../../errors.ts';

const rawBodies = new WeakMap<IncomingMessage, Buffer>();

/** For `verify` of Express' body readers: signatures are over the bytes of a body, after decompression. */
export function keepRawBody(req: IncomingMessage, _res: ServerResponse, body: Buffer): void {
  rawBodies.set(req, body);
}

/** The body as it came, in whatever encoding; undefined when there is none. */
export function rawBodyOf(req: IncomingMessage): Buffer | undefined {
  return rawBodies.get(req);
}

/**
 * The body of a status call, after Express has parsed it; null when there is none.
 *
 * @throws AppError `malformed` unless it is one object that can be stored
 */
export function readStatusBody({ body, headers }: Pick<Request, 'body' | 'headers'>): Record<string, unknown> | null {
  const parsed: unknown = body;
  if (parsed === undefined) {
    if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return null;
    throw new AppError('malformed', 'Send the body as application/json or application/x-www-form-urlencoded.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new AppError(
      'malformed',
      'The body must be one object, such as {"conversion_id": "...", "status": "approved"}.',
    );
  }
  if (isDeeperThan(parsed, MAX_NESTING)) throw new AppError('malformed', 'The body is nested too deeply.');
  return parsed as Record<string, unknown>;
}
