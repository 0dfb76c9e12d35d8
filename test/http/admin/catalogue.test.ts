import assert from 'node:assert/strict';
import { hashKey } from '../../../src/db/keys/keys.ts';
import { assertFields } from '../../support/fields.ts';
import { useAdminApi, type Answer, type Problem } from './admin-stage.ts';

const OFFER_URL = 'https://bank.example/?c={conversion_id}';

describe('the catalogue by the admin API', () => {
  const api = useAdminApi();
  const { call, bodyOf } = api;

  describe('partners', () => {
    it('are made with a key that is shown once, and a referral link', async () => {
      const made = bodyOf(await call('post', '/partners', { name: 'Ann' }).expect(201));
      assert.match(String(made.partner_id), /^[a-z0-9]{11}$/);
      assert.match(String(made.api_key), /^ck_/);
      assert.equal(made.referral_url, `https://cashcat.example/${String(made.partner_id)}/`);
      const read = await call('get', `/partners/${String(made.partner_id)}`).expect(200);
      assert.ok(!read.text.includes(String(made.api_key)));
      assert.deepEqual(bodyOf(read).ref_id_warnings, []);
    });

    it('get the id they ask for when it is free and not a word of ours', async () => {
      await call('post', '/partners', { name: 'Ben', partner_id: 'ben-media' }).expect(201);
      assert.equal(
        bodyOf<Problem>(await call('post', '/partners', { name: 'B', partner_id: 'ben-media' }).expect(409)).kind,
        'taken',
      );
      for (const partner_id of ['docs', 'advertisers', 'UPPER', 'a b', '', 'ab']) {
        const { problems } = bodyOf<Problem>(await call('post', '/partners', { name: 'B', partner_id }).expect(400));
        assert.equal(problems?.[0]?.field, 'partner_id');
      }
    });

    it('keep postback settings with what was left out filled in', async () => {
      const postback = { url: 'https://t.example/?c={ref_id}&s={status}', status_words: { approved: 'ok' } };
      const made = bodyOf(await call('post', '/partners', { name: 'Cay', postback }).expect(201));
      const full = {
        ...postback,
        method: 'GET',
        body: null,
        statuses: ['pending', 'approved', 'rejected'],
        status_urls: {},
        handover: false,
      };
      assert.deepEqual(made.postback, full);
      const path = `/partners/${String(made.partner_id)}`;
      const paused = bodyOf(await call('patch', path, { state: 'paused' }).expect(200));
      assertFields(paused, { state: 'paused', postback: full });
      assert.equal(bodyOf(await call('patch', path, { postback: null }).expect(200)).postback, null);
    });

    for (const [what, postback, field] of [
      ['a macro nobody knows', { url: 'https://t.example/?c={clickid}' }, 'postback.url'],
      ['a macro in the host', { url: 'https://{ref_id}.example/' }, 'postback.url'],
      ['a private address', { url: 'http://10.0.0.1/?c={ref_id}' }, 'postback.url'],
      ['the address of a cloud', { url: 'http://169.254.169.254/?c={ref_id}' }, 'postback.url'],
      ['a private address in disguise', { url: 'http://0x0a000001/?c={ref_id}' }, 'postback.url'],
      ['a private IPv6 address', { url: 'http://[::ffff:10.0.0.1]/?c={ref_id}' }, 'postback.url'],
      [
        'a private address for one status',
        { url: 'https://t.example/?c={ref_id}', status_urls: { approved: 'http://10.0.0.1/?c={ref_id}' } },
        'postback.status_urls.approved',
      ],
      ['a field nobody knows', { url: 'https://t.example/?c={ref_id}', methode: 'GET' }, 'postback.methode'],
      [
        'a status nobody knows',
        { url: 'https://t.example/?c={ref_id}', status_words: { paid: 'x' } },
        'postback.status_words.paid',
      ],
      ['a body for a GET', { url: 'https://t.example/?c={ref_id}', body: 'json' }, 'postback.body'],
      ['a URL that says nothing', { url: 'https://t.example/' }, 'postback.url'],
      ['no status at all', { url: 'https://t.example/?c={ref_id}', statuses: [] }, 'postback.statuses'],
      ['no URL', {}, 'postback.url'],
    ] as const) {
      it(`cannot have postbacks with ${what}`, async () => {
        const problem = bodyOf<Problem>(await call('post', '/partners', { name: 'Dan', postback }).expect(400));
        assert.equal(problem.kind, 'invalid');
        assert.deepEqual([...new Set(problem.problems?.map((each) => each.field))], [field]);
        assert.ok(problem.detail.includes(field));
      });
    }

    it('can have postbacks to addresses that the operator allows, in GET and POST', async () => {
      const postback = { url: 'http://127.0.0.1:9000/?c={ref_id}', method: 'POST', body: 'json' };
      await call('post', '/partners', { name: 'Eve', postback }).expect(201);
      await call('post', '/partners', { name: 'Eve', postback: { url: 'http://localhost:9000/{ref_id}' } }).expect(201);
    });

    it('are listed in pages', async () => {
      const first = bodyOf<{ partners: Answer[]; next: string }>(await call('get', '/partners?limit=2').expect(200));
      assert.equal(first.partners.length, 2);
      const second = bodyOf<{ partners: Answer[] }>(
        await call('get', `/partners?limit=2&after=${first.next}`).expect(200),
      );
      assert.notEqual(second.partners[0]?.partner_id, first.partners[0]?.partner_id);
      await call('get', '/partners?limit=201').expect(400);
      await call('get', '/partners?limit=2&limit=3').expect(400);
      await call('get', '/partners?sort=name').expect(400);
    });

    it('R5: a partner is shown with the unusable ref_ids it sent', async () => {
      const partnerId = await api.network.partner();
      await api.network.touch(api.network.newLead(), partnerId, 'y'.repeat(50));
      const { ref_id_warnings: warnings } = bodyOf<{ ref_id_warnings: Answer[] }>(
        await call('get', `/partners/${partnerId}`),
      );
      assert.deepEqual(
        warnings.map(({ problem, count, latest_sample }) => ({ problem, count, latest_sample })),
        [{ problem: 'too_long', count: 1, latest_sample: 'y'.repeat(50) }],
      );
    });

    it('get a new key, and the old one ends', async () => {
      const made = bodyOf(await call('post', '/partners', { name: 'Fay' }));
      const replaced = bodyOf(await call('post', `/partners/${String(made.partner_id)}/key`).expect(201));
      assert.notEqual(replaced.api_key, made.api_key);
      const stored = await api.network.db('partners').where({ partner_id: made.partner_id }).select('api_key_hash');
      assert.deepEqual(stored, [{ api_key_hash: hashKey(String(replaced.api_key)) }]);
    });
  });

  describe('advertisers and offers', () => {
    it('are made, read, changed and listed', async () => {
      const advertiser = bodyOf(
        await call('post', '/advertisers', { name: 'Bank', advertiser_id: 'bank' }).expect(201),
      );
      assert.match(String(advertiser.token), /^at_/);
      assert.equal(advertiser.postback_url, 'https://cashcat.example/advertisers/bank/postback');
      const given = {
        advertiser_id: 'bank',
        name: 'Card',
        url: OFFER_URL,
        reward: { amount: 1250, currency: 'USD' },
        offer_id: 'card',
      };
      assert.equal(bodyOf(await call('post', '/offers', given).expect(201)).offer_id, 'card');
      const patched = bodyOf(
        await call('patch', '/offers/card', { reward: { amount: '1300', currency: 'USD' } }).expect(200),
      );
      assertFields(patched, { reward: { amount: 1300, currency: 'USD' }, price_version: 2 });
      assert.deepEqual(bodyOf(await call('get', '/offers/card').expect(200)), patched);
      assert.equal(bodyOf(await call('patch', '/advertisers/bank', { state: 'paused' }).expect(200)).state, 'paused');
      assert.equal(bodyOf<{ offers: Answer[] }>(await call('get', '/offers?advertiser_id=bank')).offers.length, 1);
      assert.ok(
        bodyOf<{ advertisers: Answer[] }>(await call('get', '/advertisers').expect(200)).advertisers.length >= 2,
      );
      assert.ok(!(await call('get', '/advertisers/bank')).text.includes(String(advertiser.token)));
    });

    it('get a new token, and the old one ends', async () => {
      const made = bodyOf(await call('post', '/advertisers', { name: 'Lender' }).expect(201));
      const id = String(made.advertiser_id);
      const replaced = bodyOf(await call('post', `/advertisers/${id}/token`).expect(201));
      await assert.rejects(api.network.statuses.authenticate(id, String(made.token)), { kind: 'unauthorized' });
      await api.network.statuses.authenticate(id, String(replaced.token));
    });

    for (const [what, change, field] of [
      ['without a conversion id in its URL', { url: 'https://bank.example/' }, 'url'],
      ['with a reward in fractions', { reward: { amount: 12.5, currency: 'USD' } }, 'reward.amount'],
      ['with a negative reward', { reward: { amount: -1, currency: 'USD' } }, 'reward.amount'],
      ['with a currency nobody knows', { reward: { amount: 1, currency: 'usd' } }, 'reward.currency'],
      ['with control characters in its name', { name: 'a\u0000b' }, 'name'],
      ['with NUL in its description', { description: '\u0000' }, 'description'],
      ['of an advertiser who does not exist', { advertiser_id: 'nobody' }, 'advertiser_id'],
      ['without a name', { name: undefined }, 'name'],
    ] as const) {
      it(`cannot be made: an offer ${what}`, async () => {
        const given = {
          advertiser_id: api.network.advertiserId,
          name: 'Card',
          url: OFFER_URL,
          reward: { amount: 1, currency: 'USD' },
        };
        const { problems } = bodyOf<Problem>(await call('post', '/offers', { ...given, ...change }).expect(400));
        assert.equal(problems?.[0]?.field, field);
      });
    }
  });
});
