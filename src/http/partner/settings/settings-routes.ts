import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { asActor, partnerActor } from '../../../db/audit.ts';
import { worstOf } from '../../../db/endpoints/endpoints.ts';
import { readPartner, updatePartner } from '../../../db/partners.ts';
import { readSigningSecrets } from '../../../db/keys/signing-secrets.ts';
import { lintSettings } from '../../../domain/postbacks/settings-lint.ts';
import { AppError } from '../../../errors.ts';
import type { AddressRules } from '../../../outbound/address-rules.ts';
import { checkSettingsToSave } from '../../../outbound/settings-check.ts';
import { readPartnerSigns } from '../../../stories/partner-signs.ts';
import { warnPartner } from '../../../stories/partner-warnings.ts';
import { postbackSchema } from '../../fields/postback-settings-schema.ts';
import { refuseSettings, readSettings } from '../../fields/read-with.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { partnerOf } from '../auth.ts';

export type SettingsDeps = {
  db: Knex;
  publicUrl: string;
  addressRules: AddressRules;
  /** So many failures in a row mean that an endpoint is failing. */
  failingAfter: number;
};

/** Who the partner is, and how it wants to be told. */
export function addSettingsRoutes(routes: Router, { db, publicUrl, addressRules, failingAfter }: SettingsDeps): void {
  routes.get('/', async (_req, res) => {
    const { partner_id, name, postback } = await readOwn(db, res);
    const signs = await readPartnerSigns(db, { partnerId: partner_id, failingAfter });
    const warnings = warnPartner(postback, signs);
    const endpoint = worstOf(signs.endpoints);
    res.json({ partner_id, name, referral_url: `${publicUrl}/${partner_id}/`, postback, endpoint, warnings });
  });
  routes.put('/postback', async (req, res) => {
    const postback = readSettings(postbackSchema, req.body);
    const problems = checkSettingsToSave(postback, addressRules);
    if (problems.length > 0) throw refuseSettings(problems);
    const partnerId = partnerOf(res);
    await asActor(db, partnerActor(partnerId), (trx) => updatePartner(trx, partnerId, { postback }));
    const secrets = await readSigningSecrets(db, partnerId);
    res.json({ postback, warnings: lintSettings(postback, { hasSecret: secrets.length > 0 }) });
  });
  routes.delete('/postback', async (_req, res) => {
    const partnerId = partnerOf(res);
    await asActor(db, partnerActor(partnerId), (trx) => updatePartner(trx, partnerId, { postback: null }));
    res.status(204).end();
  });
  routes.all('/', allowOnly('GET', 'HEAD'));
  routes.all('/postback', allowOnly('PUT', 'DELETE'));
}

async function readOwn(db: Knex, res: Response) {
  const partner = await readPartner(db, partnerOf(res));
  if (!partner) throw new AppError('unauthorized', 'There is no partner with this key any more.');
  return partner;
}
