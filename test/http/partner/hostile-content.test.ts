import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import request from 'supertest';
import { createTestDatabase } from '../../support/database.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { createNetwork, postbacksOf, type Network } from '../../support/network-in-database.ts';
import { settingsFor } from '../../support/postback-settings.ts';
import { actAs, buildPartnerApi, type PartnerApi } from '../build-partner-api.ts';

const SCRIPT = '<script>alert(1)</script>';
const FORMULA = '=HYPERLINK("https://thief/")';

describe("hostile content in the partner's API", () => {
  let network: Network;
  let db: Knex;
  let api: PartnerApi;
  let conversionId: string;
  let postbackId: string;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    api = await buildPartnerApi(db);
    api = await actAs(api, db, await network.partner(settingsFor('https://t.example/?c={ref_id}&s={status}')));
    await db('offers')
      .where({ offer_id: network.offerId })
      .update({ name: `${FORMULA}${SCRIPT}` });
    const lead = await network.aLead(api.partnerId, SCRIPT);
    ({ conversionId } = lead);
    await network.report(conversionId, 'approved', FORMULA);
    await settleLatest(db, lead.leadId);
    const [postback] = await postbacksOf(db, conversionId);
    postbackId = postback?.postback_id ?? '';
    await db('postback_attempts').insert({
      ...{ postback_id: postbackId, attempt: 1, method: 'GET', url: `https://t.example/?c=${SCRIPT}` },
      ...{ outcome: 'delivered', http_status: 200, location: SCRIPT, response_body: `success=false ${SCRIPT}` },
    });
  });
  after(() => network.close());

  it('is text in JSON, of a type that no browser shows as a page', async () => {
    for (const path of ['/postbacks', `/postbacks/${postbackId}`, '/conversions', `/conversions/${conversionId}`]) {
      const { text, headers } = await api.call('get', path).expect(200);
      assert.match(headers['content-type'] ?? '', /^application\/json/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.match(headers['content-security-policy'] ?? '', /default-src 'none'/);
      assert.ok(text.includes(SCRIPT), path);
    }
  });

  it('is no formula in CSV', async () => {
    for (const path of ['/postbacks', '/conversions']) {
      const { text, headers } = await api.call('get', path).set('accept', 'text/csv').expect(200);
      assert.match(headers['content-type'] ?? '', /^text\/csv/);
      assert.match(headers['content-disposition'] ?? '', /^attachment/);
      assert.ok(text.includes(`"'=HYPERLINK(`), text);
      assert.doesNotMatch(text, /(^|,)"?[=+@]/m);
    }
  });

  it('in an address or a query is refused, and breaks nothing', async () => {
    const texts = [
      '%00',
      '%ff',
      '%F0%9F%98%80',
      encodeURIComponent(`'; drop table postbacks; --`),
      'x'.repeat(5000),
      SCRIPT,
    ];
    for (const hostile of texts) {
      for (const path of [
        ...[`/postbacks/${hostile}`, `/conversions/${hostile}`, `/replays/${hostile}`, `/presets/${hostile}`],
        ...[`/postbacks?ref_id=${hostile}`, `/conversions?cursor=${hostile}`, `/postbacks?cursor=${hostile}`],
      ]) {
        const { status, text } = await request(api.app)
          .get(`/v1/partner${path}`)
          .set('authorization', `Bearer ${api.key}`);
        assert.ok(status < 500, `${path} answered ${status}: ${text}`);
      }
      await api.call('post', `/postbacks/${hostile}/redeliver`).expect(({ status }) => assert.ok(status < 500));
    }
    assert.deepEqual(api.logged, []);
  });

  it('in a body is refused, and breaks nothing', async () => {
    const bodies: object[] = [
      [],
      { status: 'approved', ref_id: '\u0000' },
      { status: 'approved', ref_id: '\ud800' },
      { status: ['approved'], postback: [] },
      { status: 'approved', postback: { url: `https://t.example/${'{ref_id}'.repeat(300)}` } },
      { from: '9999-99-99', to: {}, states: 'failed', rate_per_second: 1e400 },
      { domain: '\u0000', key: '\ud800', __proto__: { polluted: true } },
      { keep_old_for_seconds: 1e20 },
    ];
    for (const path of [
      '/postback/preview',
      '/postback/test',
      '/replays',
      '/replays/preview',
      '/presets/keitaro/fill',
    ]) {
      for (const body of bodies) {
        const { status, text } = await api.call('post', path, body);
        assert.ok(status < 500, `${path} answered ${status}: ${text}`);
      }
    }
    for (const path of ['/signing-secret', '/key']) await api.call('post', path, bodies.at(-1)).expect(400);
    assert.deepEqual(api.logged, []);
  });
});
