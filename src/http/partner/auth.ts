import type { RequestHandler, Response } from 'express';
import type { Knex } from 'knex';
import { findPartnerByKey } from '../../db/keys/partner-keys.ts';
import { AppError } from '../../errors.ts';
import { readBearer } from '../protocol/keys/bearer.ts';
import { createKeyCheck, type KeyCheck } from '../protocol/keys/key-check.ts';

const WRONG_KEYS_PER_MINUTE = 30;

/** Tells whose a partner's API key is; a flood of wrong ones leaves right ones alone. */
export function createPartnerKeyCheck(db: Knex): KeyCheck<string> {
  return createKeyCheck({
    findOwner: ({ key }) => findPartnerByKey(db, key),
    refuse: () => new AppError('unauthorized', 'Send your API key as Authorization: Bearer.'),
    wrongPerMinute: WRONG_KEYS_PER_MINUTE,
  });
}

/** Lets in who has a partner's key; who that is comes from the key alone. */
export function createPartnerAuth(checkKey: KeyCheck<string>): RequestHandler {
  return async (req, res, next) => {
    const gone = new AbortController();
    res.once('close', () => gone.abort(new AppError('unavailable', 'The caller has gone.')));
    res.locals.partnerId = await checkKey({ ip: req.ip, tenant: '', key: readBearer(req.headers) }, gone.signal);
    next();
  };
}

/** Whose request it is. */
export function partnerOf(res: Response): string {
  return (res.locals as { partnerId: string }).partnerId;
}
