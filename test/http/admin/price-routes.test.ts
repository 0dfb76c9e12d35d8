import assert from 'node:assert/strict';
import type { Express } from 'express';
import type { Knex } from 'knex';
import request from 'supertest';
import type { PriceListRecord } from '../../../src/db/prices/price-lists.ts';
import type { PricePreview } from '../../../src/db/prices/price-previews.ts';
import type { ConversionStory } from '../../../src/stories/conversion-story.ts';
import { createTestDatabase } from '../../support/database.ts';
import { assertFields } from '../../support/fields.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY, buildOpsApp } from '../build-ops-app.ts';

const DRAFT = {
  currency: 'USD',
  tiers: [
    { from: 0, amount: '1000' },
    { from: 1, amount: 1200 },
  ],
  counts: 'advertiser',
  period: 'all',
  time_zone: 'UTC',
};

describe("an offer's prices by the admin API", () => {
  let network: Network;
  let db: Knex;
  let app: Express;
  let path: string;

  beforeEach(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    ({ app } = buildOpsApp(network));
    path = `/v1/admin/offers/${network.offerId}`;
  });

  afterEach(() => network.close());

  const call = (method: 'get' | 'post' | 'put' | 'delete', url: string, body?: object) =>
    request(app)[method](url).set('authorization', `Bearer ${ADMIN_KEY}`).send(body);

  async function approved(): Promise<string> {
    const { leadId, conversionId } = await network.aLead(await network.partner());
    await network.report(conversionId, 'approved');
    await settleLatest(db, leadId);
    return conversionId;
  }

  async function storyOf(conversionId: string): Promise<ConversionStory> {
    return (await call('get', `/v1/admin/conversions/${conversionId}`).expect(200)).body as ConversionStory;
  }

  it('are drafted, previewed, made and listed', async () => {
    await approved();
    await approved();
    const preview = (await call('post', `${path}/prices/preview`, { ...DRAFT, by_partner: true }).expect(200))
      .body as PricePreview;
    assertFields(preview, { conversions: 2, was: 2500, would_be: 2200, currency: 'USD' });
    assert.equal(preview.partners?.length, 2);
    const made = (await call('post', `${path}/prices`, DRAFT).expect(201)).body as PriceListRecord;
    assertFields(made, { version: 1, state: 'current', partner_id: null });
    const listed = await call('get', `${path}/prices`).expect(200);
    assert.deepEqual(listed.body, { offer_id: network.offerId, price_lists: [made] });
  });

  it('explain themselves in the story of a conversion', async () => {
    await approved();
    await call('post', `${path}/prices`, DRAFT).expect(201);
    const story = await storyOf(await approved());
    const why =
      '12.00 USD: the tier from 1, because it was the 2nd approved conversion of advertiser Bank so far; price list version 1.';
    assertFields(story.statuses[0]?.price, { amount: 1200, version: 1, tier_from: 1, counted: 1, cap: null, why });
    assert.ok(story.timeline.some(({ what }) => what === `price of conversion ${story.conversion_id}: ${why}`));
  });

  const refused: [string, object][] = [
    ['tiers', { ...DRAFT, tiers: [] }],
    ['tiers', { ...DRAFT, tiers: [{ from: 1, amount: 1 }] }],
    ['tiers.0.amount', { ...DRAFT, tiers: [{ from: 0, amount: 12.5 }] }],
    ['currency', { ...DRAFT, currency: 'EUR' }],
    ['time_zone', { ...DRAFT, time_zone: 'Middle/Earth' }],
    ['partner_id', { ...DRAFT, partner_id: 'nobody' }],
    ['period', { ...DRAFT, period: 'year' }],
    ['tires', { ...DRAFT, tires: [] }],
  ];
  for (const [field, draft] of refused) {
    it(`are refused by name of the field: ${field}, ${JSON.stringify(draft).slice(0, 60)}`, async () => {
      for (const url of [`${path}/prices`, `${path}/prices/preview`]) {
        const answer = await call('post', url, draft).expect(400);
        const { problems } = answer.body as { problems: { field: string }[] };
        assert.deepEqual(
          problems.map((problem) => problem.field),
          [field],
        );
      }
    });
  }

  it('are unknown where the offer is', async () => {
    const elsewhere = '/v1/admin/offers/no-such-offer';
    await call('get', `${elsewhere}/prices`).expect(404);
    await call('post', `${elsewhere}/prices`, DRAFT).expect(404);
    await call('post', `${elsewhere}/prices/preview`, DRAFT).expect(404);
    await call('get', `${elsewhere}/cap`).expect(404);
    await call('put', `${elsewhere}/cap`, { total: 1, beyond: 'pay_nothing' }).expect(404);
    await call('delete', `${elsewhere}/cap`).expect(404);
  });

  it('have a cap, whose answer says how far it is used up and what becomes of the rest', async () => {
    const none = { offer_id: network.offerId, cap: null };
    assert.deepEqual((await call('get', `${path}/cap`).expect(200)).body, none);
    await call('put', `${path}/cap`, { beyond: 'pay_nothing' }).expect(400);
    const answer = await call('put', `${path}/cap`, { total: 1, beyond: 'pay_nothing' }).expect(200);
    assertFields((answer.body as { cap: object }).cap, {
      day: null,
      total: 1,
      approved_in_all: 0,
      reached: null,
      says: '0 approved in all, the cap is 1. Further ones are approved as ever and bring nobody anything; their postbacks carry the reason cap_day or cap_total.',
    });
    await approved();
    const story = await storyOf(await approved());
    const why =
      '0.00 USD: the offer pays for 1 approved conversion in all, and that many were approved before it (cap_total).';
    assertFields(story.statuses[0]?.price, { amount: 0, cap: 'cap_total', cap_limit: 1, why });
    assert.deepEqual(story.reward.net, { amount: 0, currency: 'USD' });
    assert.deepEqual((await call('delete', `${path}/cap`).expect(200)).body, none);
  });
});
