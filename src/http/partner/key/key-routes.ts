import type { Router } from 'express';
import type { Knex } from 'knex';
import { asActor, partnerActor } from '../../../db/audit.ts';
import { replacePartnerKey } from '../../../db/keys/partner-keys.ts';
import { readWith } from '../../fields/read-with.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { partnerOf } from '../auth.ts';
import { keyRotationSchema } from './key-openapi.ts';

/** Replacing the API key. */
export function addKeyRoutes(routes: Router, db: Knex): void {
  routes.post('/key', async (req, res) => {
    const { keep_old_for_seconds: keepOldForSeconds } = readWith(keyRotationSchema, req.body ?? {});
    const partnerId = partnerOf(res);
    const replace = (trx: Knex) => replacePartnerKey(trx, partnerId, { keepOldForSeconds });
    res.json({ api_key: await asActor(db, partnerActor(partnerId), replace) });
  });
  routes.all('/key', allowOnly('POST'));
}
