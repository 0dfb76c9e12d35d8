import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Knex } from 'knex';
import { findAdminByKey } from '../../db/keys/admin-keys.ts';
import { ROOT } from '../../domain/admin-role.ts';
import { AppError } from '../../errors.ts';
import { setActor, type Admin } from '../protocol/actor.ts';
import { readBearer } from '../protocol/keys/bearer.ts';
import { createKeyCheck, type KeyCheck } from '../protocol/keys/key-check.ts';

const WRONG_KEYS_PER_MINUTE = 30;

/**
 * Tells whose an admin's key is; a flood of wrong ones leaves right ones alone.
 * @param rootKey of the configuration; it is known without the database
 */
export function createAdminKeyCheck(db: Knex, rootKey: string): KeyCheck<Admin> {
  const expected = digest(rootKey);
  return createKeyCheck<Admin>({
    async findOwner({ key }) {
      if (timingSafeEqual(digest(key), expected)) return { name: ROOT, role: 'admin' };
      return await findAdminByKey(db, key);
    },
    refuse: () => new AppError('unauthorized', 'Send the admin key as Authorization: Bearer.'),
    wrongPerMinute: WRONG_KEYS_PER_MINUTE,
  });
}

/** Lets in who has an admin's key; what it may do is judged call by call. */
export function createAdminAuth(checkKey: KeyCheck<Admin>): RequestHandler {
  return async (req, res, next) => {
    const gone = new AbortController();
    res.once('close', () => gone.abort(new AppError('unavailable', 'The caller has gone.')));
    setActor(res, await checkKey({ ip: req.ip, tenant: '', key: readBearer(req.headers) }, gone.signal));
    next();
  };
}

/** Hashed, both have the same length, which a comparison in constant time needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
