import type { Router } from 'express';
import type { Knex } from 'knex';
import { asActor, partnerActor } from '../../../db/audit.ts';
import { listSigningSecrets, removeSigningSecrets, rotateSigningSecret } from '../../../db/keys/signing-secrets.ts';
import { readWith } from '../../fields/read-with.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { partnerOf } from '../auth.ts';
import { secretRotationSchema } from './signing-openapi.ts';

/** The secret by which postbacks are signed. */
export function addSigningRoutes(routes: Router, db: Knex): void {
  routes.get('/signing-secret', async (_req, res) => {
    res.json({ items: await listSigningSecrets(db, partnerOf(res)) });
  });
  routes.post('/signing-secret', async (req, res) => {
    const { keep_old_for_seconds: keepOldForSeconds } = readWith(secretRotationSchema, req.body ?? {});
    const partnerId = partnerOf(res);
    const rotate = (trx: Knex) => rotateSigningSecret(trx, partnerId, { keepOldForSeconds });
    res.json({ secret: await asActor(db, partnerActor(partnerId), rotate) });
  });
  routes.delete('/signing-secret', async (_req, res) => {
    const partnerId = partnerOf(res);
    await asActor(db, partnerActor(partnerId), (trx) => removeSigningSecrets(trx, partnerId));
    res.status(204).end();
  });
  routes.all('/signing-secret', allowOnly('GET', 'HEAD', 'POST', 'DELETE'));
}
