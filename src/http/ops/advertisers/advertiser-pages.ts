import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import {
  createAdvertiser,
  listAdvertisers,
  replaceAdvertiserToken,
  updateAdvertiser,
  type Advertiser,
} from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import { listOffers } from '../../../db/offers.ts';
import { readPullStanding } from '../../../db/pulls/pull-reports.ts';
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
import { defineQuestion, defineSecret } from '../confirm-page.ts';
import { mayOf } from '../ops-page.ts';
import { keepOldFor, overlapChoice } from '../overlap-choice.ts';
import { exampleCall } from './example-call.ts';
import { findAdvertiser } from './find-advertiser.ts';
import { sendAdvertiser, sendAdvertiserList, sendNewAdvertiser, type AdvertiserForm } from './advertiser-page.ts';

const sendQuestion = defineQuestion('advertisers');
const sendSecret = defineSecret('advertisers');

const MOST_OFFERS = 50;
const SHOWN_ONCE = 'It is shown this once. The advertiser sends it with each status call.';

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
      const shown = { title: 'The token', text: SHOWN_ONCE, secret: token, back: backTo(advertiser) };
      const more = { example: exampleOf(advertiser, token), steps: stepsOf(advertiser) };
      sendSecret(res, { title: advertiser.name, status: 201 }, { ...shown, ...more });
    } catch (error) {
      const { status, errors } = refusalOf(error, { taken: 'advertiser_id' });
      sendNewAdvertiser(res, { title: 'New advertiser', status }, { form, errors });
    }
  });

  routes.get('/advertisers/:id', async (req, res) => {
    await show(res, await findAdvertiser(db, req.params.id));
  });

  routes.post('/advertisers/:id', needs('admin'), async (req, res) => {
    const advertiser = await findAdvertiser(db, req.params.id);
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
    const advertiser = await findAdvertiser(db, req.params.id);
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
    const { advertiser_id: id } = await findAdvertiser(db, req.params.id);
    const { state } = readWith(advertiserPatchSchema, { state: textIn(req.body, 'state') });
    await asActor(db, actorOf(res), (trx) => updateAdvertiser(trx, id, { state }));
    leadBack(res, advertiserAt(id), state === 'paused' ? 'Paused: its offers are not shown.' : 'Active.');
  });

  routes.get('/advertisers/:id/token', needs('admin'), async (req, res) => {
    const advertiser = await findAdvertiser(db, req.params.id);
    const { advertiser_id, name, token_prefix: prefix } = advertiser;
    sendQuestion(
      res,
      { title: `New token for ${name}` },
      {
        question: {
          ...{ back: backTo(advertiser), title: `A new token for ${name}?`, isDangerous: true },
          texts: [
            `The token that begins with ${prefix} ends, at once or later as you choose: status calls that still carry it are answered 401 then, and are not kept. A token from before that one ends now.`,
            'The new token is shown once, here, and nobody can look it up later.',
          ],
          choice: overlapChoice('token'),
          ...{ post: `${advertiserAt(advertiser_id)}/token`, fields: { replaces: prefix } },
          ...{ yes: 'Make a new token', no: 'Keep the token' },
        },
      },
    );
  });

  routes.post('/advertisers/:id/token', needs('admin'), async (req, res) => {
    const advertiser = await findAdvertiser(db, req.params.id);
    const { advertiser_id: id, name } = advertiser;
    // Sent again by a reload, or by two people at once, the form must not end the token that was given out.
    const options = { keepOldForSeconds: keepOldFor(req.body), prefix: textIn(req.body, 'replaces') };
    const secret = await asActor(db, actorOf(res), (trx) => replaceAdvertiserToken(trx, id, options));
    if (secret === undefined) {
      throw new AppError(
        'conflict',
        `The token of ${name} has been replaced since that page was shown: nothing was changed.`,
      );
    }
    const shown = { title: `The new token of ${name}`, text: SHOWN_ONCE, secret, back: backTo(advertiser) };
    sendSecret(res, { title: 'New token' }, { ...shown, example: exampleOf(advertiser, secret) });
  });

  function exampleOf({ advertiser_id: id, vocabulary }: Advertiser, token: string) {
    const label = 'A call of it, where CONVERSION_ID is what we put into the link of the visitor:';
    return { label, line: exampleCall(statusUrlOf(id), vocabulary, token) };
  }

  function statusUrlOf(advertiserId: string): string {
    return `${publicUrl}/advertisers/${advertiserId}/postback`;
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
    const { advertiser_id, vocabulary, proofs } = advertiser;
    const postbackUrl = statusUrlOf(advertiser_id);
    sendAdvertiser(
      res,
      { title: advertiser.name, status },
      {
        ...{ advertiser, form, errors, may: mayOf(res), postbackUrl },
        example: exampleCall(postbackUrl, vocabulary, proofs.token ? 'TOKEN' : null),
        pull: await readPullStanding(db, advertiser_id),
        offers: await listOffers(db, { advertiser_id, limit: MOST_OFFERS }),
      },
    );
  }
}

function backTo({ advertiser_id, name }: Advertiser): { href: string; label: string } {
  return { href: advertiserAt(advertiser_id), label: name };
}

/** How a new advertiser is connected. */
function stepsOf({ advertiser_id: id }: Advertiser): { href: string; label: string }[] {
  const address = advertiserAt(id);
  return [
    { href: `${address}/vocabulary`, label: 'Say which words and names it uses, if it does not use ours' },
    { href: `${address}/proofs`, label: 'Say how its calls prove that they come from it, if the token is not enough' },
    { href: `/ops/offers/new?advertiser_id=${encodeURIComponent(id)}`, label: 'Make its first offer' },
    { href: `/ops/inbound?advertiser_id=${encodeURIComponent(id)}`, label: 'Watch its first calls come in' },
  ];
}

function readForm(body: unknown): AdvertiserForm {
  return { name: textIn(body, 'name').trim(), advertiser_id: textIn(body, 'advertiser_id').trim() };
}
