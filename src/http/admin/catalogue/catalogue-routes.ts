import type { Router } from 'express';
import type { Knex } from 'knex';
import {
  createAdvertiser,
  listAdvertisers,
  lockAdvertiser,
  readAdvertiser,
  replaceAdvertiserToken,
  updateAdvertiser,
} from '../../../db/advertisers.ts';
import { asActor } from '../../../db/audit.ts';
import { listAdvertiserSecrets } from '../../../db/keys/advertiser-secrets.ts';
import { createOffer, listOffers, readOffer, updateOffer } from '../../../db/offers.ts';
import {
  createPartner,
  listPartners,
  listRefIdWarnings,
  readPartner,
  updatePartner,
  type Partner,
} from '../../../db/partners.ts';
import { replacePartnerKey } from '../../../db/keys/partner-keys.ts';
import type { PostbackSettings } from '../../../domain/postbacks/postback-settings.ts';
import { AppError } from '../../../errors.ts';
import { APPLY_WITHIN_MS } from '../../../intake/kept-calls.ts';
import type { StatusIntake } from '../../../intake/status.ts';
import type { AddressRules } from '../../../outbound/address-rules.ts';
import { checkSettingsToSave } from '../../../outbound/settings-check.ts';
import { readWith, refuseFields } from '../../fields/read-with.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { viewApplied } from '../status-calls/unknown-word-routes.ts';
import {
  advertiserPatchSchema,
  newAdvertiserSchema,
  newOfferSchema,
  newPartnerSchema,
  offerPageSchema,
  offerPatchSchema,
  pageSchema,
  partnerPatchSchema,
  rotationSchema,
} from '../../fields/catalogue-schemas.ts';

/** What making and changing partners needs; advertisers and offers need less. */
export type PartnerDeps = { db: Knex; publicUrl: string; addressRules: AddressRules };

export function addPartnerRoutes(routes: Router, { db, publicUrl, addressRules }: PartnerDeps): void {
  const view = (partner: Partner) => ({ ...partner, referral_url: `${publicUrl}/${partner.partner_id}/` });

  routes.post('/partners', needs('admin'), async (req, res) => {
    const given = readWith(newPartnerSchema, req.body);
    refuseBadSettings(given.postback);
    const { partner, apiKey } = await asActor(db, actorOf(res), (trx) => createPartner(trx, given));
    res.status(201).json({ ...view(partner), api_key: apiKey });
  });
  routes.get('/partners', async (req, res) => {
    const page = readWith(pageSchema, req.query);
    const partners = await listPartners(db, page);
    res.json({ partners: partners.map(view), next: nextOf(partners, page.limit, 'partner_id') });
  });
  routes.get('/partners/:id', async (req, res) => {
    const partner = found(await readPartner(db, req.params.id), `partner ${req.params.id}`);
    res.json({ ...view(partner), ref_id_warnings: await listRefIdWarnings(db, partner.partner_id) });
  });
  routes.patch('/partners/:id', needs('admin'), async (req, res) => {
    const patch = readWith(partnerPatchSchema, req.body);
    refuseBadSettings(patch.postback);
    const { id } = req.params;
    const changed = await asActor(db, actorOf(res), (trx) => updatePartner(trx, id, patch));
    res.json(view(found(changed, `partner ${id}`)));
  });
  routes.post('/partners/:id/key', needs('admin'), async (req, res) => {
    const { id } = req.params;
    const apiKey = await asActor(db, actorOf(res), (trx) => replacePartnerKey(trx, id));
    res.status(201).json({ partner_id: id, api_key: found(apiKey, `partner ${id}`) });
  });
  routes.all('/partners', allowOnly('GET', 'HEAD', 'POST'));
  routes.all('/partners/:id', allowOnly('GET', 'HEAD', 'PATCH'));
  routes.all('/partners/:id/key', allowOnly('POST'));

  function refuseBadSettings(settings: PostbackSettings | null | undefined): void {
    const problems = settings ? checkSettingsToSave(settings, addressRules) : [];
    if (problems.length === 0) return;
    throw refuseFields(problems.map(({ field, message }) => ({ field: `postback.${field}`, message })));
  }
}

type AdvertiserDeps = Pick<PartnerDeps, 'db' | 'publicUrl'> & { statuses: Pick<StatusIntake, 'applyKept'> };

export function addAdvertiserRoutes(routes: Router, { db, publicUrl, statuses }: AdvertiserDeps): void {
  const view = <T extends { advertiser_id: string }>(advertiser: T) => ({
    ...advertiser,
    postback_url: `${publicUrl}/advertisers/${advertiser.advertiser_id}/postback`,
  });

  routes.post('/advertisers', needs('admin'), async (req, res) => {
    const given = readWith(newAdvertiserSchema, req.body);
    const { advertiser, token } = await asActor(db, actorOf(res), (trx) => createAdvertiser(trx, given));
    res.status(201).json({ ...view(advertiser), token });
  });
  routes.get('/advertisers', async (req, res) => {
    const page = readWith(pageSchema, req.query);
    const advertisers = await listAdvertisers(db, page);
    res.json({ advertisers: advertisers.map(view), next: nextOf(advertisers, page.limit, 'advertiser_id') });
  });
  routes.get('/advertisers/:id', async (req, res) => {
    res.json(view(found(await readAdvertiser(db, req.params.id), `advertiser ${req.params.id}`)));
  });
  routes.patch('/advertisers/:id', needs('admin'), async (req, res) => {
    const patch = readWith(advertiserPatchSchema, req.body);
    const { id } = req.params;
    const actor = actorOf(res);
    const changed = await asActor(db, actor, async (trx) => {
      if (patch.proofs?.signature && (await lockAdvertiser(trx, id))) await refuseWithoutSecret(trx, id);
      return await updateAdvertiser(trx, id, patch);
    });
    const advertiser = view(found(changed, `advertiser ${id}`));
    if (!patch.vocabulary) return void res.json(advertiser);
    const applied = await statuses.applyKept({ advertiserId: id, actor, withinMs: APPLY_WITHIN_MS });
    res.json({ ...advertiser, kept_calls: viewApplied(applied) });
  });
  routes.post('/advertisers/:id/token', needs('admin'), async (req, res) => {
    const { id } = req.params;
    const { keep_old_for_seconds: keepOldForSeconds } = readWith(rotationSchema, req.body ?? {});
    const token = await asActor(db, actorOf(res), (trx) => replaceAdvertiserToken(trx, id, { keepOldForSeconds }));
    res.status(201).json({ advertiser_id: id, token: found(token, `advertiser ${id}`) });
  });
  routes.all('/advertisers', allowOnly('GET', 'HEAD', 'POST'));
  routes.all('/advertisers/:id', allowOnly('GET', 'HEAD', 'PATCH'));
  routes.all('/advertisers/:id/token', allowOnly('POST'));
}

/** @param trx holds the advertiser, so that nobody takes its last secret away meanwhile */
async function refuseWithoutSecret(trx: Knex, advertiserId: string): Promise<void> {
  if ((await listAdvertiserSecrets(trx, advertiserId)).length > 0) return;
  const message = 'needs a secret first: make one by POST …/signing-secret, or nobody could get in';
  throw refuseFields([{ field: 'proofs.signature', message }]);
}

export function addOfferRoutes(routes: Router, { db }: Pick<PartnerDeps, 'db'>): void {
  routes.post('/offers', needs('admin'), async (req, res) => {
    const given = readWith(newOfferSchema, req.body);
    res.status(201).json(await asActor(db, actorOf(res), (trx) => createOffer(trx, given)));
  });
  routes.get('/offers', async (req, res) => {
    const page = readWith(offerPageSchema, req.query);
    const offers = await listOffers(db, page);
    res.json({ offers, next: nextOf(offers, page.limit, 'offer_id') });
  });
  routes.get('/offers/:id', async (req, res) => {
    res.json(found(await readOffer(db, req.params.id), `offer ${req.params.id}`));
  });
  routes.patch('/offers/:id', needs('admin'), async (req, res) => {
    const patch = readWith(offerPatchSchema, req.body);
    const { id } = req.params;
    const changed = await asActor(db, actorOf(res), (trx) => updateOffer(trx, id, patch));
    res.json(found(changed, `offer ${id}`));
  });
  routes.all('/offers', allowOnly('GET', 'HEAD', 'POST'));
  routes.all('/offers/:id', allowOnly('GET', 'HEAD', 'PATCH'));
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new AppError('unknown', `There is no ${name}.`);
  return value;
}

/** What the next page comes after; null when this one was not full. */
function nextOf<Id extends string>(rows: Record<Id, string>[], limit: number, id: Id): string | null {
  return rows.length < limit ? null : (rows.at(-1)?.[id] ?? null);
}
