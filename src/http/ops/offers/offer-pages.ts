import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { listAdvertisers, readAdvertiser } from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import { createOffer, listOffers, readOffer, updateOffer, type Offer } from '../../../db/offers.ts';
import { readPriceStandings } from '../../../db/prices/price-standing.ts';
import { countLately } from '../../../db/reports/lately.ts';
import { formatMajorUnits, isCurrency, readMajorUnits } from '../../../domain/money.ts';
import { AppError } from '../../../errors.ts';
import { leadBack } from '../../console/console-pages.ts';
import { refusalOf, textIn } from '../../console/form.ts';
import { newOfferSchema, offerPatchSchema } from '../../fields/catalogue-schemas.ts';
import { readWith, refuseFields } from '../../fields/read-with.ts';
import { writeCount } from '../../pages/console/write-numbers.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { firstOf, readQuery } from '../../protocol/query.ts';
import { offerAt } from '../addresses.ts';
import { filtersByAdvertiser, readCatalogueList } from '../catalogue-list.ts';
import { defineQuestion } from '../confirm-page.ts';
import { mayOf } from '../ops-page.ts';
import { nextPriceTexts } from '../prices/next-price-part.ts';
import { sendNewOffer, sendOffer, sendOfferList, type OfferForm } from './offer-page.ts';

const sendQuestion = defineQuestion('offers');

const MOST_ADVERTISERS = 200;
const NOTHING: OfferForm = {
  ...{ advertiser_id: '', offer_id: '', name: '', description: '', url: '', amount: '', currency: 'USD' },
};

/** Offers: finding, making, changing and pausing them. */
export function addOfferPages(routes: Router, { db }: { db: Knex }): void {
  routes.get('/offers', async (req, res) => {
    const read = (query: Parameters<typeof listOffers>[1]) => listOffers(db, query);
    const list = await readCatalogueList(req, res, {
      ...{ read, idOf: (offer: Offer) => offer.offer_id, schema: filtersByAdvertiser },
    });
    sendOfferList(res, { title: 'Offers' }, { ...list, may: mayOf(res) });
  });

  routes.get('/offers/new', needs('admin'), async (req, res) => {
    const advertiserId = firstOf(readQuery(req.url).advertiser_id) ?? '';
    await showNew(res, { form: { ...NOTHING, advertiser_id: advertiserId } });
  });

  routes.post('/offers', needs('admin'), async (req, res) => {
    const form = readForm(req.body);
    try {
      const { advertiser_id, offer_id } = form;
      const id = offer_id === '' ? {} : { offer_id };
      const given = readWith(newOfferSchema, { ...contentOf(form), advertiser_id, ...id });
      const offer = await asActor(db, actorOf(res), (trx) => createOffer(trx, given));
      leadBack(res, offerAt(offer.offer_id), 'Made. Visitors see it within a second.');
    } catch (error) {
      await showNew(res, { form, ...refusalOf(error, { taken: 'offer_id' }) });
    }
  });

  routes.get('/offers/:id', async (req, res) => {
    await show(res, await find(req.params.id));
  });

  routes.post('/offers/:id', needs('admin'), async (req, res) => {
    const offer = await find(req.params.id);
    const form = readForm(req.body);
    try {
      const patch = readWith(offerPatchSchema, contentOf(form));
      await asActor(db, actorOf(res), (trx) => updateOffer(trx, offer.offer_id, patch));
      leadBack(res, offerAt(offer.offer_id), 'Saved. Visitors see it within a second.');
    } catch (error) {
      await show(res, offer, { form, ...refusalOf(error) });
    }
  });

  routes.get('/offers/:id/pause', needs('admin'), async (req, res) => {
    const offer = await find(req.params.id);
    const { offer_id, name } = offer;
    const lately = await countLately(db, { offer_id });
    sendQuestion(
      res,
      { title: `Pause ${name}` },
      {
        question: {
          ...{ back: { href: offerAt(offer_id), label: name }, title: `Pause ${name}?`, isDangerous: true },
          texts: [
            `It is not shown on the wall any more, and direct links to it lead to the wall. In the last 24 hours ${writeCount(lately)} ${lately === 1 ? 'visitor' : 'visitors'} went on to it.`,
            'Conversions that have begun go on: their statuses are taken, rewards are booked and postbacks are sent.',
          ],
          ...{ post: `${offerAt(offer_id)}/state`, fields: { state: 'paused' } },
          ...{ yes: 'Pause the offer', no: 'Leave it active' },
        },
      },
    );
  });

  routes.post('/offers/:id/state', needs('admin'), async (req, res) => {
    const { offer_id } = await find(req.params.id);
    const { state } = readWith(offerPatchSchema, { state: textIn(req.body, 'state') });
    await asActor(db, actorOf(res), (trx) => updateOffer(trx, offer_id, { state }));
    leadBack(res, offerAt(offer_id), state === 'paused' ? 'Paused: visitors do not see it.' : 'Active.');
  });

  async function find(offerId: string): Promise<Offer> {
    const offer = await readOffer(db, offerId);
    if (!offer) throw new AppError('unknown', `There is no offer ${offerId}.`);
    return offer;
  }

  async function showNew(
    res: Response,
    { form, errors = {}, status = 200 }: { form: OfferForm; errors?: Record<string, string>; status?: number },
  ): Promise<void> {
    const advertisers = await listAdvertisers(db, { limit: MOST_ADVERTISERS });
    sendNewOffer(
      res,
      { title: 'New offer', status },
      {
        ...{ form, errors: byFormField(errors) },
        advertisers: advertisers.map(({ advertiser_id, name }) => ({ value: advertiser_id, label: name })),
      },
    );
  }

  async function show(
    res: Response,
    offer: Offer,
    {
      status = 200,
      form = formOf(offer),
      errors = {},
    }: { status?: number; form?: OfferForm; errors?: Record<string, string> } = {},
  ): Promise<void> {
    const advertiser = await readAdvertiser(db, offer.advertiser_id);
    const standings = await readPriceStandings(db, [offer.offer_id]);
    sendOffer(
      res,
      { title: offer.name, status },
      {
        ...{ offer, form, errors: byFormField(errors), may: mayOf(res) },
        ...{ standing: standings.get(offer.offer_id), texts: nextPriceTexts },
        advertiserName: advertiser?.name ?? offer.advertiser_id,
      },
    );
  }
}

function readForm(body: unknown): OfferForm {
  const entries = Object.keys(NOTHING).map((name) => [name, textIn(body, name).trim()]);
  return Object.fromEntries(entries) as OfferForm;
}

function formOf({ reward, ...offer }: Offer): OfferForm {
  const { advertiser_id, offer_id, name, description, url } = offer;
  const { amount, currency } = reward;
  return {
    ...{ advertiser_id, offer_id, name, description, url },
    amount: formatMajorUnits(amount, currency),
    currency,
  };
}

/** @throws AppError `invalid` for an amount that is none */
function contentOf({ name, description, url, amount, currency: given }: OfferForm): object {
  const currency = given.toUpperCase();
  const minor = isCurrency(currency) ? readMajorUnits(amount, currency) : 0;
  if (minor === undefined) {
    throw refuseFields([{ field: 'amount', message: `must be an amount of ${currency}, 0 or more, such as 12.50` }]);
  }
  // A textarea sends line ends as CR and LF.
  return { name, description: description.replaceAll('\r\n', '\n'), url, reward: { amount: minor, currency } };
}

function byFormField(errors: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(errors).map(([field, message]) => [field.replace(/^reward\./, ''), message]),
  );
}
