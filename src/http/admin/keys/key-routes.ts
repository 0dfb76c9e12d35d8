import type { Router } from 'express';
import type { Knex } from 'knex';
import { asActor } from '../../../db/audit.ts';
import { createAdminKey, listAdminKeys, revokeAdminKey } from '../../../db/keys/admin-keys.ts';
import { ROOT } from '../../../domain/admin-role.ts';
import { AppError } from '../../../errors.ts';
import { newAdminKeySchema } from '../../fields/admin-key-schema.ts';
import { readWith } from '../../fields/read-with.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';

/** The admins' keys; the one of the configuration is not among them. */
export function addKeyRoutes(routes: Router, db: Knex): void {
  routes.post('/keys', needs('admin'), async (req, res) => {
    const given = { ...readWith(newAdminKeySchema, req.body), createdBy: actorOf(res).name };
    const { adminKey, key } = await asActor(db, actorOf(res), (trx) => createAdminKey(trx, given));
    res.status(201).json({ ...adminKey, key });
  });
  routes.get('/keys', async (_req, res) => {
    res.json({ keys: await listAdminKeys(db) });
  });
  routes.delete('/keys/:name', needs('admin'), async (req, res) => {
    const { name } = req.params;
    if (name === ROOT) {
      throw new AppError('conflict', `${ROOT} cannot be revoked: change ADMIN_API_KEY and start the processes anew.`);
    }
    const revoked = await asActor(db, actorOf(res), (trx) => revokeAdminKey(trx, name));
    if (!revoked) throw new AppError('unknown', `There is no key ${name} that is not revoked.`);
    res.json(revoked);
  });
  routes.all('/keys', allowOnly('GET', 'HEAD', 'POST'));
  routes.all('/keys/:name', allowOnly('DELETE'));
}
