import assert from 'node:assert/strict';
import { request } from 'undici';
import type { ConversionStory } from '../../src/stories/conversion-story.ts';
import { ADMIN_API_KEY } from './program.ts';

/** Where one api listens. */
export type Api = { publicUrl: string; opsUrl: string };

export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: string };

/** An advertiser with one offer, and what outsiders do with it: everything goes over HTTP, through any of the apis. */
export type HttpNetwork = {
  offerId: string;
  /** @returns partner_id */
  partner(postback: object | null): Promise<string>;
  visit(partnerId: string, refId: string): Promise<Answer>;
  /** A visit that is sent on to the offer. @returns conversion_id */
  click(partnerId: string, refId: string): Promise<string>;
  report(conversionId: string, status: string): Promise<Answer>;
  story(conversionId: string): Promise<ConversionStory>;
  /** The path of a visit that makes a conversion, for load generators. */
  clickPath(partnerId: string, refId: string): string;
  /** The same network through another process. */
  through(api: Api): HttpNetwork;
};

export async function createHttpNetwork(api: Api): Promise<HttpNetwork> {
  const advertiser = await createInCatalogue<{ advertiser_id: string; token: string }>(api.opsUrl, 'advertisers', {
    name: 'Bank',
  });
  const offer = await createInCatalogue<{ offer_id: string }>(api.opsUrl, 'offers', {
    advertiser_id: advertiser.advertiser_id,
    name: 'Card',
    url: 'https://bank.example/?click={conversion_id}',
    reward: { amount: 1250, currency: 'USD' },
  });
  return networkThrough(api, { ...advertiser, ...offer });
}

type Ids = { advertiser_id: string; token: string; offer_id: string };

function networkThrough(api: Api, ids: Ids): HttpNetwork {
  const clickPath = (partnerId: string, refId: string) => `/${partnerId}/?ref_id=${refId}&offer_id=${ids.offer_id}`;
  const visit = (partnerId: string, refId: string) => call(api.publicUrl + clickPath(partnerId, refId));
  return {
    offerId: ids.offer_id,
    clickPath,
    visit,
    async partner(postback) {
      const given = { name: 'Partner', postback };
      return (await createInCatalogue<{ partner_id: string }>(api.opsUrl, 'partners', given)).partner_id;
    },
    async click(partnerId, refId) {
      const answer = await visit(partnerId, refId);
      assert.equal(answer.status, 302, answer.body);
      return conversionIn(answer.headers['location']);
    },
    async report(conversionId, status) {
      const query = new URLSearchParams({ conversion_id: conversionId, status, token: ids.token });
      return await call(`${api.publicUrl}/advertisers/${ids.advertiser_id}/postback?${query.toString()}`);
    },
    story: (conversionId) => readStory(api.opsUrl, conversionId),
    through: (other) => networkThrough(other, ids),
  };
}

/** The conversion that a redirect to the advertiser names. */
export function conversionIn(location: string | string[] | undefined): string {
  const conversionId = new URL(String(location)).searchParams.get('click');
  assert.ok(conversionId, `no conversion in ${String(location)}`);
  return conversionId;
}

export async function call(url: string, options: Parameters<typeof request>[1] = {}): Promise<Answer> {
  const { statusCode, headers, body } = await request(url, options);
  return { status: statusCode, headers, body: await body.text() };
}

const asAdmin = { authorization: `Bearer ${ADMIN_API_KEY}` };

export async function createInCatalogue<Created>(
  opsUrl: string,
  kind: 'partners' | 'advertisers' | 'offers' | 'keys',
  given: object,
): Promise<Created> {
  const answer = await call(`${opsUrl}/v1/admin/${kind}`, {
    method: 'POST',
    headers: { ...asAdmin, 'content-type': 'application/json' },
    body: JSON.stringify(given),
  });
  assert.equal(answer.status, 201, answer.body);
  return JSON.parse(answer.body) as Created;
}

export async function readStory(opsUrl: string, conversionId: string): Promise<ConversionStory> {
  const answer = await call(`${opsUrl}/v1/admin/conversions/${conversionId}`, { headers: asAdmin });
  assert.equal(answer.status, 200, answer.body);
  return JSON.parse(answer.body) as ConversionStory;
}
