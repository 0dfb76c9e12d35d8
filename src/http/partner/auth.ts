import type { RequestHandler, Response } from 'express';
import type { Knex } from 'knex';
import { findPartnerByKey } from '../../db/partner-keys.ts';
import { AppError } from '../../errors.ts';
import { readBearer } from '../protocol/bearer.ts';
import { createFailureLimit, tooManyFailures } from '../protocol/failure-limit.ts';

const WRONG_KEYS_PER_MINUTE = 30;

/**
 * Lets in who has a partner's key; who that is comes from the key alone. A wrong key is counted before Postgres is asked,
 * so that a flood of them does not get as far.
 */
export function createPartnerAuth(db: Knex): RequestHandler {
  const failures = createFailureLimit(WRONG_KEYS_PER_MINUTE);
  return async (req, res, next) => {
    if (await failures.count(req.ip)) throw tooManyFailures();
    const key = readBearer(req.headers);
    const partnerId = key === undefined ? undefined : await findPartnerByKey(db, key);
    if (partnerId === undefined) throw new AppError('unauthorized', 'Send your API key as Authorization: Bearer.');
    await failures.uncount(req.ip);
    res.locals.partnerId = partnerId;
    next();
  };
}

/** Whose request it is. */
export function partnerOf(res: Response): string {
  return (res.locals as { partnerId: string }).partnerId;
}
