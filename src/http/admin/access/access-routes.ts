import type { Router } from 'express';
import type { Knex } from 'knex';
import { lockAdvertiser, readAdvertiser } from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import {
  listAdvertiserSecrets,
  removeAdvertiserSecrets,
  rotateAdvertiserSecret,
} from '../../../db/keys/advertiser-secrets.ts';
import { listRefusedCalls } from '../../../db/refused-calls.ts';
import { AppError } from '../../../errors.ts';
import { readWith } from '../../fields/read-with.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { rotationSchema } from '../../fields/catalogue-schemas.ts';
import { refusedCallsQuerySchema } from './access-schemas.ts';

const SECRET = '/advertisers/:id/signing-secret';
const REFUSED = '/advertisers/:id/refused-calls';

/** By which secrets an advertiser signs its calls, and which calls showed no proof of coming from it. */
export function addAccessRoutes(routes: Router, db: Knex): void {
  routes.get(SECRET, async (req, res) => {
    await refuseUnknown(req.params.id);
    res.json({ items: await listAdvertiserSecrets(db, req.params.id) });
  });
  routes.post(SECRET, needs('admin'), async (req, res) => {
    const { keep_old_for_seconds: keepOldForSeconds } = readWith(rotationSchema, req.body ?? {});
    const { id } = req.params;
    const secret = await asActor(db, actorOf(res), (trx) => rotateAdvertiserSecret(trx, id, { keepOldForSeconds }));
    if (secret === undefined) throw noAdvertiser(id);
    res.status(201).json({ advertiser_id: id, secret });
  });
  routes.delete(SECRET, needs('admin'), async (req, res) => {
    const { id } = req.params;
    await asActor(db, actorOf(res), async (trx) => {
      const advertiser = await lockAdvertiser(trx, id);
      if (!advertiser) throw noAdvertiser(id);
      if (advertiser.proofs.signature) {
        const detail = `Calls of ${id} must be signed: change its proofs first, or nobody could get in.`;
        throw new AppError('conflict', detail);
      }
      await removeAdvertiserSecrets(trx, id);
    });
    res.status(204).end();
  });
  routes.get(REFUSED, async (req, res) => {
    const { limit } = readWith(refusedCallsQuerySchema, req.query);
    await refuseUnknown(req.params.id);
    res.json({ items: await listRefusedCalls(db, { advertiserId: req.params.id, limit }) });
  });
  routes.all(SECRET, allowOnly('GET', 'HEAD', 'POST', 'DELETE'));
  routes.all(REFUSED, allowOnly('GET', 'HEAD'));

  async function refuseUnknown(advertiserId: string): Promise<void> {
    if (!(await readAdvertiser(db, advertiserId))) throw noAdvertiser(advertiserId);
  }
}

function noAdvertiser(advertiserId: string): AppError {
  return new AppError('unknown', `There is no advertiser ${advertiserId}.`);
}
