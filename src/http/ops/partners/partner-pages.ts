import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { asActor } from '../../../db/audit.ts';
import { replacePartnerKey } from '../../../db/keys/partner-keys.ts';
import { createPartner, listPartners, updatePartner, type Partner } from '../../../db/partners.ts';
import { countLately } from '../../../db/reports/lately.ts';
import type { PostbackSettings } from '../../../domain/postbacks/postback-settings.ts';
import { AppError } from '../../../errors.ts';
import type { AddressRules } from '../../../outbound/address-rules.ts';
import { checkSettingsToSave } from '../../../outbound/settings-check.ts';
import { readPartnerSigns } from '../../../stories/partner-signs.ts';
import { warnPartner } from '../../../stories/partner-warnings.ts';
import { leadBack } from '../../console/console-pages.ts';
import { refusalOf, textIn } from '../../console/form.ts';
import { newPartnerSchema, partnerPatchSchema } from '../../fields/catalogue-schemas.ts';
import { readWith, refuseFields } from '../../fields/read-with.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { writeCount } from '../../pages/console/write-numbers.ts';
import { partnerAt } from '../addresses.ts';
import { readCatalogueList } from '../catalogue-list.ts';
import { defineQuestion, defineSecret } from '../confirm-page.ts';
import { mayOf } from '../ops-page.ts';
import { keepOldFor, overlapChoice } from '../overlap-choice.ts';
import { findPartner } from './find-partner.ts';
import { sendNewPartner, sendPartner, sendPartnerList, type PartnerForm } from './partner-page.ts';

const sendQuestion = defineQuestion('partners');
const sendSecret = defineSecret('partners');

export type PartnerPagesDeps = { db: Knex; publicUrl: string; addressRules: AddressRules; failingAfter: number };

const NOTHING: PartnerForm = { name: '', partner_id: '', url: '', method: 'GET' };
/** Partners: finding, making, changing and pausing them, and giving them new keys. */
export function addPartnerPages(routes: Router, deps: PartnerPagesDeps): void {
  const { db, publicUrl, addressRules, failingAfter } = deps;

  routes.get('/partners', async (req, res) => {
    const read = (query: Parameters<typeof listPartners>[1]) => listPartners(db, query);
    const list = await readCatalogueList(req, res, { read, idOf: (partner) => partner.partner_id });
    sendPartnerList(res, { title: 'Partners' }, { ...list, may: mayOf(res) });
  });

  routes.get('/partners/new', needs('admin'), (_req, res) => {
    sendNewPartner(res, { title: 'New partner' }, { form: NOTHING, errors: {} });
  });

  routes.post('/partners', needs('admin'), async (req, res) => {
    const form = readForm(req.body);
    try {
      const given = readWith(newPartnerSchema, {
        name: form.name,
        ...(form.partner_id === '' ? {} : { partner_id: form.partner_id }),
        postback: settingsOf(form, null),
      });
      refuseBadSettings(given.postback);
      const { partner, apiKey } = await asActor(db, actorOf(res), (trx) => createPartner(trx, given));
      const back = { href: partnerAt(partner.partner_id), label: partner.name };
      const text =
        'It is shown this once. Give it to the partner: it signs in to the console, and is for its programs.';
      sendSecret(res, { title: partner.name, status: 201 }, { title: 'The key', text, secret: apiKey, back });
    } catch (error) {
      const { status, errors } = refusalOf(error, { taken: 'partner_id' });
      sendNewPartner(res, { title: 'New partner', status }, { form, errors: byFormField(errors) });
    }
  });

  routes.get('/partners/:id', async (req, res) => {
    await show(res, await findPartner(db, req.params.id));
  });

  routes.post('/partners/:id', needs('admin'), async (req, res) => {
    const partner = await findPartner(db, req.params.id);
    const form = readForm(req.body);
    try {
      const given = { name: form.name, postback: settingsOf(form, partner.postback) };
      const patch = readWith(partnerPatchSchema, given);
      refuseBadSettings(patch.postback);
      await asActor(db, actorOf(res), (trx) => updatePartner(trx, partner.partner_id, patch));
      leadBack(res, partnerAt(partner.partner_id), 'Saved.');
    } catch (error) {
      const { status, errors } = refusalOf(error);
      await show(res, partner, { form, errors: byFormField(errors), status });
    }
  });

  routes.get('/partners/:id/pause', needs('admin'), async (req, res) => {
    const partner = await findPartner(db, req.params.id);
    const visits = await countLately(db, { partner_id: partner.partner_id });
    sendQuestion(
      res,
      { title: `Pause ${partner.name}` },
      {
        question: {
          ...{ back: backTo(partner), title: `Pause ${partner.name}?`, isDangerous: true },
          texts: [
            `Its links lead to a page that says the link is unknown, and no visit counts for it any more. In the last 24 hours ${writeCount(visits)} ${visits === 1 ? 'visit' : 'visits'} came by them.`,
            'What it has stays: leads that it holds can still be approved, rewards are booked and postbacks are sent. It can sign in as before.',
          ],
          ...{ post: `${partnerAt(partner.partner_id)}/state`, fields: { state: 'paused' } },
          ...{ yes: 'Pause the partner', no: 'Leave it active' },
        },
      },
    );
  });

  routes.post('/partners/:id/state', needs('admin'), async (req, res) => {
    const partner = await findPartner(db, req.params.id);
    const { state } = readWith(partnerPatchSchema, { state: textIn(req.body, 'state') });
    await asActor(db, actorOf(res), (trx) => updatePartner(trx, partner.partner_id, { state }));
    const text = state === 'paused' ? 'Paused: its links are unknown to visitors.' : 'Active: its links work.';
    leadBack(res, partnerAt(partner.partner_id), text);
  });

  routes.get('/partners/:id/key', needs('admin'), async (req, res) => {
    const partner = await findPartner(db, req.params.id);
    const { partner_id, name, api_key_prefix: prefix } = partner;
    sendQuestion(
      res,
      { title: `New key for ${name}` },
      {
        question: {
          ...{ back: backTo(partner), title: `A new key for ${name}?`, isDangerous: true },
          texts: [
            `Its key that begins with ${prefix} ends, at once or later as you choose: programs that still use it get 401 then, and whoever is signed in to the console by it is signed out. A key from before that one ends now.`,
            'The new key is shown once, here, and nobody can look it up later.',
          ],
          choice: overlapChoice('key'),
          ...{ post: `${partnerAt(partner_id)}/key`, fields: { replaces: prefix } },
          ...{ yes: 'Make a new key', no: 'Keep the key' },
        },
      },
    );
  });

  routes.post('/partners/:id/key', needs('admin'), async (req, res) => {
    const partner = await findPartner(db, req.params.id);
    const { partner_id: id, name } = partner;
    // Sent again by a reload, the form must not end the key that was given out.
    const options = { keepOldForSeconds: keepOldFor(req.body), prefix: textIn(req.body, 'replaces') };
    const secret = await asActor(db, actorOf(res), (trx) => replacePartnerKey(trx, id, options));
    if (secret === undefined) {
      throw new AppError(
        'conflict',
        `The key of ${name} has been replaced since that page was shown: nothing was changed.`,
      );
    }
    const text = 'It is shown this once. Give it to the partner by a way that nobody else reads.';
    sendSecret(res, { title: 'New key' }, { title: `The new key of ${name}`, text, secret, back: backTo(partner) });
  });

  async function show(
    res: Response,
    partner: Partner,
    {
      status = 200,
      form = formOf(partner),
      errors = {},
    }: { status?: number; form?: PartnerForm; errors?: Record<string, string> } = {},
  ): Promise<void> {
    const signs = await readPartnerSigns(db, { partnerId: partner.partner_id, failingAfter });
    sendPartner(
      res,
      { title: partner.name, status },
      {
        ...{ partner, form, errors, may: mayOf(res) },
        referralUrl: `${publicUrl}/${partner.partner_id}/`,
        endpoints: signs.endpoints,
        warnings: warnPartner(partner.postback, signs).map(({ message }) => message),
      },
    );
  }

  function refuseBadSettings(settings: PostbackSettings | null | undefined): void {
    const problems = settings ? checkSettingsToSave(settings, addressRules) : [];
    if (problems.length > 0) throw refuseFields(problems);
  }
}

function backTo({ partner_id, name }: Partner): { href: string; label: string } {
  return { href: partnerAt(partner_id), label: name };
}

function readForm(body: unknown): PartnerForm {
  const textOf = (name: keyof PartnerForm) => textIn(body, name).trim();
  return { name: textOf('name'), partner_id: textOf('partner_id'), url: textOf('url'), method: textOf('method') };
}

function formOf({ partner_id, name, postback }: Partner): PartnerForm {
  return { name, partner_id, url: postback?.url ?? '', method: postback?.method ?? 'GET' };
}

/** What the form does not show stays as it is. */
function settingsOf({ url, method }: PartnerForm, present: PostbackSettings | null): object | null {
  if (url === '') return null;
  return { ...present, url, method, ...(method === 'GET' ? { body: null } : {}) };
}

/** Problems of settings are named by their place in them. */
function byFormField(errors: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(errors).map(([field, message]) => [field.replace(/^postback\./, ''), message]),
  );
}
