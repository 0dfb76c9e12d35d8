import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { AppError } from '../../errors.ts';
import { readBearer } from '../protocol/keys/bearer.ts';
import { createFailureLimit, tooManyFailures } from '../protocol/keys/failure-limit.ts';

const WRONG_KEYS_PER_MINUTE = 30;

/** Lets in who has the admin key. Only wrong keys are counted, so nobody can lock out others at the same address. */
export function createAdminAuth(adminApiKey: string): RequestHandler {
  const failures = createFailureLimit(WRONG_KEYS_PER_MINUTE);
  const expected = digest(adminApiKey);
  return async (req, _res, next) => {
    const given = readBearer(req.headers);
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      if (await failures.count(req.ip)) throw tooManyFailures();
      throw new AppError('unauthorized', 'Send the admin key as Authorization: Bearer.');
    }
    next();
  };
}

/** Hashed, both have the same length, which a comparison in constant time needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
