import request from 'supertest';
import type { Knex } from 'knex';
import { replacePartnerKey } from '../../src/db/keys/partner-keys.ts';
import { createPartner } from '../../src/db/partners.ts';
import { buildPublicApp, type BuildOptions, type BuiltPublicApp } from './build-public-app.ts';
import { partnerDeps } from './partner-deps.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export type PartnerApi = BuiltPublicApp & {
  partnerId: string;
  key: string;
  /** One call of the partner's own API; `path` follows `/v1/partner`. Every answer is held against its description. */
  call(method: Method, path: string, body?: object): request.Test;
  /** The same for another partner of the same network. */
  asPartner(given: { partnerId: string; key: string }): PartnerApi;
};

/** The public app over a real database, with a new partner that calls its own API. */
export async function buildPartnerApi(db: Knex, options: BuildOptions = {}): Promise<PartnerApi> {
  const { partner, apiKey } = await createPartner(db, { name: 'Ann Media' });
  const built = await buildPublicApp({
    partner: partnerDeps(db),
    ...options,
  });
  return apiOf(built, { partnerId: partner.partner_id, key: apiKey });
}

function apiOf(built: BuiltPublicApp, { partnerId, key }: { partnerId: string; key: string }): PartnerApi {
  return {
    ...built,
    partnerId,
    key,
    call(method, path, body) {
      const made = request(built.app)[method](`/v1/partner${path}`).set('authorization', `Bearer ${key}`);
      return body === undefined ? made : made.send(body);
    },
    asPartner: (given) => apiOf(built, given),
  };
}

/** The same network's API for a partner that is there already; its key is replaced. */
export async function actAs(api: PartnerApi, db: Knex, partnerId: string): Promise<PartnerApi> {
  return api.asPartner({ partnerId, key: (await replacePartnerKey(db, partnerId)) ?? '' });
}
