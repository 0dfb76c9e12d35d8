import assert from 'node:assert/strict';
import { describeAdminApi } from '../../src/http/admin/openapi.ts';
import * as schemas from '../../src/http/fields/catalogue-schemas.ts';
import { newPriceListSchema } from '../../src/http/fields/price-schemas.ts';
import { storyPageSchema } from '../../src/http/admin/stories/story-schemas.ts';
import { readDescription } from '../support/api-description.ts';

const URL = 'https://t.example/?c={ref_id}';
const OFFER_URL = 'https://bank.example/?c={conversion_id}';
const [LINE_SEPARATOR, CAT] = ['\u2028', '🐈'];

const partner = (postback: object) => ({ name: 'Ann', postback });
const offer = (changes: object) => ({
  advertiser_id: 'bank',
  name: 'Card',
  url: OFFER_URL,
  reward: { amount: 1, currency: 'USD' },
  ...changes,
});
const tier = (from: unknown, amount: unknown) => ({ from, amount });
const prices = (changes: object) => ({
  currency: 'USD',
  tiers: [tier(0, 1000)],
  counts: 'advertiser',
  period: 'month',
  time_zone: 'Europe/Berlin',
  ...changes,
});
const reward = (amount: unknown, currency = 'USD') => offer({ reward: { amount, currency } });

const accepted = {
  partners: [
    { name: ' Ann ' },
    { name: CAT.repeat(120) },
    { name: 'Ann', partner_id: 'ann-media_7', postback: null },
    partner({ url: URL }),
    partner({ url: 'HTTPS://t.example:8443/a%20b/{ref_id}/?s={status}#top', body: null }),
    partner({ url: 'https://t.example', method: 'POST', body: 'json' }),
    partner({ url: 'https://t.example?a', method: 'POST', status_urls: { approved: 'http://t.example/ok' } }),
    partner({ url: URL, statuses: ['approved'], status_words: { approved: CAT.repeat(64) } }),
    partner({ url: URL, status_urls: { pending: 'https://t.example/{status}' }, handover: true }),
  ],
  offers: [
    offer({}),
    reward('1250'),
    reward(0),
    reward(Number.MAX_SAFE_INTEGER, 'JPY'),
    offer({ url: 'https://bank.example/{offer_id}/{conversion_id}?x=1', description: 'a\nb\tc' }),
    offer({ description: CAT.repeat(1000) }),
  ],
  'offers/{offer_id}/prices': [
    prices({}),
    prices({ effective_from: '2026-01-31T09:15:00+01:00', partner_id: null, counts: 'offer', period: 'all' }),
    prices({ effective_from: '2026-12-01' }),
    prices({ partner_id: 'ann-media_7', time_zone: 'America/Argentina/Buenos_Aires' }),
    prices({ tiers: [tier(0, '1250'), tier(5, 0), tier(2 ** 31 - 1, Number.MAX_SAFE_INTEGER)] }),
  ],
};

const refused = {
  partners: [
    {},
    { name: '' },
    { name: ' ' },
    { name: 'a\u0000b' },
    { name: `a${LINE_SEPARATOR}b` },
    { name: CAT.repeat(121) },
    { name: 'Ann', nmae: 'Ann' },
    { name: 'Ann', partner_id: 'docs' },
    { name: 'Ann', partner_id: 'ab' },
    { name: 'Ann', partner_id: 'abc\n' },
    partner({}),
    partner({ url: '' }),
    partner({ url: 'ftp://t.example/{ref_id}' }),
    partner({ url: 'https://t.example/' }),
    partner({ url: 'https://t.example/{clickid}' }),
    partner({ url: 'https://t.example/{{ref_id}}' }),
    partner({ url: 'https://t.example/%zz?c={ref_id}' }),
    partner({ url: 'https://t.example/a b?c={ref_id}' }),
    partner({ url: 'https://me@t.example/?c={ref_id}' }),
    partner({ url: 'https://t.example\\?c={ref_id}' }),
    partner({ url: 'https://{ref_id}.example/{status}' }),
    partner({ url: `https://t.example/{ref_id}${'x'.repeat(2048)}` }),
    partner({ url: 'https://t.example/', method: 'PUT' }),
    partner({ url: URL, body: 'form' }),
    partner({ url: URL, method: 'POST', body: 'xml' }),
    partner({ url: URL, statuses: [] }),
    partner({ url: URL, statuses: ['approved', 'approved'] }),
    partner({ url: URL, statuses: ['paid'] }),
    partner({ url: URL, status_words: { approved: '' } }),
    partner({ url: URL, status_words: { approved: 'a\nb' } }),
    partner({ url: URL, status_words: { approved: 'x'.repeat(65) } }),
    partner({ url: URL, status_words: { paid: 'x' } }),
    partner({ url: URL, status_urls: { approved: '' } }),
    partner({ url: URL, status_urls: { approved: 'https://t.example/' } }),
    partner({ url: URL, method: 'POST', status_urls: { approved: '/ok' } }),
  ],
  offers: [
    reward(''),
    reward('12.50'),
    reward('1'.repeat(16)),
    reward('١'),
    reward(12.5),
    reward(-1),
    reward(2 ** 53),
    reward(1, 'usd'),
    reward(1, 'XYZ'),
    offer({ reward: undefined }),
    offer({ name: '\u0085' }),
    offer({ description: '\u0000' }),
    offer({ description: 'x'.repeat(1001) }),
    offer({ url: 'https://bank.example/' }),
    offer({ url: 'https://bank.example/{conversion_id}/{clickid}' }),
    offer({ url: 'https://{conversion_id}/' }),
    offer({ offer_id: 'Card' }),
    offer({ advertiser_id: '' }),
  ],
  'offers/{offer_id}/prices': [
    {},
    prices({ tiers: [] }),
    prices({ tiers: Array.from({ length: 51 }, (_, from) => tier(from, 1)) }),
    prices({ tiers: [tier(-1, 1)] }),
    prices({ tiers: [tier(0.5, 1)] }),
    prices({ tiers: [tier('0', 1)] }),
    prices({ tiers: [tier(0, -1)] }),
    prices({ tiers: [tier(0, '1.5')] }),
    prices({ tiers: [{ ...tier(0, 1), to: 5 }] }),
    prices({ currency: 'usd' }),
    prices({ counts: 'partner' }),
    prices({ period: 'year' }),
    prices({ time_zone: undefined }),
    prices({ partner_id: 'A' }),
    prices({ effective_from: 'tomorrow' }),
  ],
};

describe('the description of what the admin API may be sent', () => {
  const calls = readDescription(describeAdminApi());
  const validators = {
    partners: schemas.newPartnerSchema,
    offers: schemas.newOfferSchema,
    'offers/{offer_id}/prices': newPriceListSchema,
  };

  for (const what of ['partners', 'offers', 'offers/{offer_id}/prices'] as const) {
    const body = calls.find(({ method, path }) => method === 'post' && path === `/v1/admin/${what}`)?.bodies[0];
    // As it arrives: what is undefined is left out.
    const sent = (value: object) => JSON.parse(JSON.stringify(value)) as unknown;

    it(`allows what is accepted of new ${what}`, () => {
      for (const value of accepted[what].map(sent)) {
        const text = JSON.stringify(value);
        assert.deepEqual(validators[what].safeParse(value).error?.issues ?? [], [], text);
        assert.equal(body?.findProblem(value), undefined, text);
      }
    });

    it(`refuses what is refused of new ${what}`, () => {
      for (const value of refused[what].map(sent)) {
        const text = JSON.stringify(value);
        assert.ok(!validators[what].safeParse(value).success, `accepted: ${text}`);
        assert.notEqual(body?.findProblem(value), undefined, `described as possible: ${text}`);
      }
    });
  }

  it('names whole numbers for the pages of a story', () => {
    for (const limit of ['1e1', '', ' 5', '0x10', '501', '0']) {
      assert.ok(!storyPageSchema.safeParse({ limit }).success, limit);
    }
    assert.deepEqual(storyPageSchema.parse({}), { limit: 200, after: 0 });
  });
});
