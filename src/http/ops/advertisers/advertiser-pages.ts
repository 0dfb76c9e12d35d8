import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import {
  createAdvertiser,
  listAdvertisers,
  readAdvertiser,
  replaceAdvertiserToken,
  updateAdvertiser,
  type Advertiser,
} from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import { listOffers } from '../../../db/offers.ts';
import { countLately } from '../../../db/reports/lately.ts';
import { AppError } from '../../../errors.ts';
import { leadBack } from '../../console/console-pages.ts';
import { refusalOf, textIn } from '../../console/form.ts';
import { advertiserPatchSchema, newAdvertiserSchema } from '../../fields/catalogue-schemas.ts';
import { readWith } from '../../fields/read-with.ts';
import { writeCount } from '../../pages/console/write-numbers.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { advertiserAt } from '../addresses.ts';
import { readCatalogueList } from '../catalogue-list.ts';
import { sendQuestion, sendSecret } from '../confirm-page.ts';
import { mayOf } from '../ops-page.ts';
import { sendAdvertiser, sendAdvertiserList, sendNewAdvertiser, type AdvertiserForm } from './advertiser-page.ts';

const MOST_OFFERS = 50;

/** Advertisers: finding, making, changing and pausing them, and giving them new tokens. */
export function addAdvertiserPages(routes: Router, { db, publicUrl }: { db: Knex; publicUrl: string }): void {
  routes.get('/advertisers', async (req, res) => {
    const read = (query: Parameters<typeof listAdvertisers>[1]) => listAdvertisers(db, query);
    const list = await readCatalogueList(req, res, { read, idOf: (advertiser) => advertiser.advertiser_id });
    sendAdvertiserList(res, { title: 'Advertisers' }, { ...list, may: mayOf(res) });
  });

  routes.get('/advertisers/new', needs('admin'), (_req, res) => {
    sendNewAdvertiser(res, { title: 'New advertiser' }, { form: { name: '', advertiser_id: '' }, errors: {} });
  });

  routes.post('/advertisers', needs('admin'), async (req, res) => {
    const form = readForm(req.body);
    try {
      const id = form.advertiser_id === '' ? {} : { advertiser_id: form.advertiser_id };
      const given = readWith(newAdvertiserSchema, { name: form.name, ...id });
      const { advertiser, token } = await asActor(db, actorOf(res), (trx) => createAdvertiser(trx, given));
      const text = 'It is shown this once. The advertiser sends it with each status call.';
      const back = backTo(advertiser);
      sendSecret(res, { title: advertiser.name, status: 201 }, { title: 'The token', text, secret: token, back });
    } catch (error) {
      const { status, errors } = refusalOf(error, 'advertiser_id');
      sendNewAdvertiser(res, { title: 'New advertiser', status }, { form, errors });
    }
  });

  routes.get('/advertisers/:id', async (req, res) => {
    await show(res, await find(req.params.id));
  });

  routes.post('/advertisers/:id', needs('admin'), async (req, res) => {
    const advertiser = await find(req.params.id);
    const form = readForm(req.body);
    try {
      const patch = readWith(advertiserPatchSchema, { name: form.name });
      await asActor(db, actorOf(res), (trx) => updateAdvertiser(trx, advertiser.advertiser_id, patch));
      leadBack(res, advertiserAt(advertiser.advertiser_id), 'Saved.');
    } catch (error) {
      await show(res, advertiser, { form, ...refusalOf(error) });
    }
  });

  routes.get('/advertisers/:id/pause', needs('admin'), async (req, res) => {
    const advertiser = await find(req.params.id);
    const { advertiser_id, name } = advertiser;
    const lately = await countLately(db, { advertiser_id });
    sendQuestion(
      res,
      { title: `Pause ${name}` },
      {
        question: {
          ...{ back: backTo(advertiser), title: `Pause ${name}?`, isDangerous: true },
          texts: [
            `None of its offers is shown to visitors any more. In the last 24 hours ${writeCount(lately)} ${lately === 1 ? 'visitor' : 'visitors'} went on to them.`,
            'What has begun goes on: it can report statuses of its conversions as before, rewards are booked and postbacks are sent.',
          ],
          ...{ post: `${advertiserAt(advertiser_id)}/state`, fields: { state: 'paused' } },
          ...{ yes: 'Pause the advertiser', no: 'Leave it active' },
        },
      },
    );
  });

  routes.post('/advertisers/:id/state', needs('admin'), async (req, res) => {
    const { advertiser_id: id } = await find(req.params.id);
    const { state } = readWith(advertiserPatchSchema, { state: textIn(req.body, 'state') });
    await asActor(db, actorOf(res), (trx) => updateAdvertiser(trx, id, { state }));
    leadBack(res, advertiserAt(id), state === 'paused' ? 'Paused: its offers are not shown.' : 'Active.');
  });

  routes.get('/advertisers/:id/token', needs('admin'), async (req, res) => {
    const advertiser = await find(req.params.id);
    const { advertiser_id, name, token_prefix: prefix } = advertiser;
    sendQuestion(
      res,
      { title: `New token for ${name}` },
      {
        question: {
          ...{ back: backTo(advertiser), title: `A new token for ${name}?`, isDangerous: true },
          texts: [
            `The token that begins with ${prefix} ends at once. Until the advertiser sends the new one, its status calls are answered 401 and are not kept: agree on the moment first.`,
            'The new token is shown once, here, and nobody can look it up later.',
          ],
          ...{ post: `${advertiserAt(advertiser_id)}/token`, fields: { replaces: prefix } },
          ...{ yes: 'Make a new token', no: 'Keep the token' },
        },
      },
    );
  });

  routes.post('/advertisers/:id/token', needs('admin'), async (req, res) => {
    const advertiser = await find(req.params.id);
    const { advertiser_id: id, name, token_prefix: prefix } = advertiser;
    // Sent again by a reload, the form must not end the token that was given out.
    if (prefix !== textIn(req.body, 'replaces')) {
      throw new AppError(
        'conflict',
        `The token of ${name} has been replaced since that page was shown: nothing was changed.`,
      );
    }
    const secret = (await asActor(db, actorOf(res), (trx) => replaceAdvertiserToken(trx, id))) ?? '';
    const text = 'It is shown this once. The advertiser sends it with each status call.';
    sendSecret(
      res,
      { title: 'New token' },
      { title: `The new token of ${name}`, text, secret, back: backTo(advertiser) },
    );
  });

  async function find(advertiserId: string): Promise<Advertiser> {
    const advertiser = await readAdvertiser(db, advertiserId);
    if (!advertiser) throw new AppError('unknown', `There is no advertiser ${advertiserId}.`);
    return advertiser;
  }

  async function show(
    res: Response,
    advertiser: Advertiser,
    {
      status = 200,
      form = { name: advertiser.name, advertiser_id: advertiser.advertiser_id },
      errors = {},
    }: { status?: number; form?: AdvertiserForm; errors?: Record<string, string> } = {},
  ): Promise<void> {
    const { advertiser_id } = advertiser;
    sendAdvertiser(
      res,
      { title: advertiser.name, status },
      {
        ...{ advertiser, form, errors, may: mayOf(res) },
        postbackUrl: `${publicUrl}/advertisers/${advertiser_id}/postback`,
        offers: await listOffers(db, { advertiser_id, limit: MOST_OFFERS }),
      },
    );
  }
}

function backTo({ advertiser_id, name }: Advertiser): { href: string; label: string } {
  return { href: advertiserAt(advertiser_id), label: name };
}

function readForm(body: unknown): AdvertiserForm {
  return { name: textIn(body, 'name').trim(), advertiser_id: textIn(body, 'advertiser_id').trim() };
}
