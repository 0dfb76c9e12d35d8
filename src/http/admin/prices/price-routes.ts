import type { Router } from 'express';
import type { Knex } from 'knex';
import { asActor } from '../../../db/audit.ts';
import { readOfferCap, setOfferCap } from '../../../db/prices/offer-caps.ts';
import { createPriceList, listPriceLists, readPricedOffer } from '../../../db/prices/price-lists.ts';
import { previewPriceList } from '../../../db/prices/price-previews.ts';
import { AppError } from '../../../errors.ts';
import { readWith } from '../../fields/read-with.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { viewCap } from './price-answers.ts';
import { capSchema, newPriceListSchema, previewSchema, toCap, toDraft } from '../../fields/price-schemas.ts';

/** What conversions of an offer bring, and how many it takes. */
export function addPriceRoutes(routes: Router, { db }: { db: Knex }): void {
  routes.post('/offers/:id/prices', needs('admin'), async (req, res) => {
    const draft = toDraft(readWith(newPriceListSchema, req.body));
    const list = await asActor(db, actorOf(res), (trx) => createPriceList(trx, req.params.id, draft));
    res.status(201).json(found(list, req.params.id));
  });
  routes.get('/offers/:id/prices', async (req, res) => {
    const offerId = req.params.id;
    found(await readPricedOffer(db, offerId), offerId);
    res.json({ offer_id: offerId, price_lists: await listPriceLists(db, offerId) });
  });
  routes.post('/offers/:id/prices/preview', async (req, res) => {
    const { from, to, by_partner: byPartner, ...given } = readWith(previewSchema, req.body);
    const preview = await previewPriceList(db, req.params.id, { draft: toDraft(given), from, to, byPartner });
    res.json(found(preview, req.params.id));
  });

  routes.put('/offers/:id/cap', needs('admin'), async (req, res) => {
    const cap = toCap(readWith(capSchema, req.body));
    const set = await asActor(db, actorOf(res), (trx) => setOfferCap(trx, req.params.id, cap));
    res.json(viewCap(req.params.id, found(set, req.params.id)));
  });
  routes.get('/offers/:id/cap', async (req, res) => {
    res.json(viewCap(req.params.id, found(await readOfferCap(db, req.params.id), req.params.id)));
  });
  routes.delete('/offers/:id/cap', needs('admin'), async (req, res) => {
    const set = await asActor(db, actorOf(res), (trx) => setOfferCap(trx, req.params.id, null));
    res.json(viewCap(req.params.id, found(set, req.params.id)));
  });

  routes.all('/offers/:id/prices', allowOnly('GET', 'HEAD', 'POST'));
  routes.all('/offers/:id/prices/preview', allowOnly('POST'));
  routes.all('/offers/:id/cap', allowOnly('GET', 'HEAD', 'PUT', 'DELETE'));
}

function found<T>(value: T | undefined, offerId: string): T {
  if (value === undefined) throw new AppError('unknown', `There is no offer ${offerId}.`);
  return value;
}
