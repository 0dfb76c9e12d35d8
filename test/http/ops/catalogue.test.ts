import assert from 'node:assert/strict';
import request from 'supertest';
import { assertFields } from '../../support/fields.ts';
import type { ConsoleVisitor } from '../browser-without-scripts.ts';
import { buildConsole } from '../build-console.ts';
import { useOpsConsole } from './ops-stage.ts';

const OFFER_URL = 'https://bank.example/?c={conversion_id}';

describe('the catalogue in the ops console', () => {
  const ops = useOpsConsole();
  let anna: ConsoleVisitor;
  let reader: ConsoleVisitor;

  const secretIn = (text: string) => /<pre id="new-key">([^<]+)<\/pre>/.exec(text)?.[1] ?? '';
  const latestChange = async () =>
    (await ops.network.db('audit_log').orderBy('audit_id', 'desc').first<object>()) as Record<string, unknown>;
  const read = async (browser: ConsoleVisitor, path: string) => {
    const { status, text } = await browser.get(path);
    assert.equal(status, 200, `${path}: ${text}`);
    return text;
  };

  before(async () => {
    anna = await ops.site.signedIn(await ops.site.makeKey('admin', 'anna'));
    reader = await ops.site.signedInAs('read');
  });

  describe('partners', () => {
    it('are made with a key that is shown once, in the name of who made them', async () => {
      await read(anna, '/ops/partners/new');
      const url = 'https://tracker.example/?c={ref_id}&s={status}';
      const answer = await anna.post('/ops/partners', {
        name: 'Ann Media',
        partner_id: 'ann-media',
        url,
        method: 'GET',
      });
      assert.equal(answer.status, 201);
      const key = secretIn(answer.text);
      assert.match(key, /^ck_/);
      assertFields(await latestChange(), { actor: 'anna', action: 'create', subject_id: 'ann-media' });
      const text = await read(anna, '/ops/partners/ann-media');
      assert.ok(!text.includes(key) && text.includes(key.slice(0, 9)));
      assert.ok(text.includes('https://cashcat.example/ann-media/'));
    });

    it('are refused beside the field that is wrong, and nothing that was typed is lost', async () => {
      await read(anna, '/ops/partners/new');
      const typed = { name: 'Ann <b>', partner_id: 'ann-media', url: 'https://127.0.0.1/{refid}', method: 'GET' };
      const wrong = await anna.post('/ops/partners', typed);
      assert.equal(wrong.status, 422);
      assert.match(wrong.text, /id="url-error"/);
      assert.match(wrong.text, /value="Ann &lt;b&gt;"/);
      const taken = await anna.post('/ops/partners', { ...typed, url: '' });
      assert.equal(taken.status, 409);
      assert.match(taken.text, /id="partner_id-error">The id ann-media is taken/);
    });

    it('keep what the form does not show when they are changed', async () => {
      const settings = { statuses: ['approved'], status_words: { approved: 'paid' }, status_urls: {}, handover: true };
      const partnerId = await ops.network.partner({
        url: 'https://a.example/{ref_id}',
        method: 'POST',
        body: 'json',
        ...settings,
      } as never);
      await read(anna, `/ops/partners/${partnerId}`);
      const url = 'https://b.example/{ref_id}';
      const saved = await anna.post(`/ops/partners/${partnerId}`, { name: 'New name', url, method: 'POST' });
      assert.equal(saved.headers.location, `/ops/partners/${partnerId}`);
      assert.match(await read(anna, `/ops/partners/${partnerId}`), /Saved\./);
      const row = await ops.network
        .db('partners')
        .where({ partner_id: partnerId })
        .first<{ postback: object }>('postback');
      assertFields(row.postback, { url, body: 'json', ...settings });
    });

    it('are paused after it was said what will happen, and made active again', async () => {
      const partnerId = await ops.network.partner();
      await ops.network.touch(ops.network.newLead(), partnerId);
      await ops.network.touch(ops.network.newLead(), partnerId);
      assert.match(await read(anna, `/ops/partners/${partnerId}/pause`), /In the last 24 hours 2 visits came/);
      await anna.post(`/ops/partners/${partnerId}/state`, { state: 'paused' });
      assert.match(await read(anna, `/ops/partners/${partnerId}`), /paused/);
      assertFields(await latestChange(), { before: { state: 'active' }, after: { state: 'paused' } });
      await anna.post(`/ops/partners/${partnerId}/state`, { state: 'active' });
      assertFields(await latestChange(), { after: { state: 'active' } });
      assert.equal((await anna.post(`/ops/partners/${partnerId}/state`, { state: 'gone' })).status, 400);
    });

    it('get a new key once by one form, and the old one ends when it was said', async () => {
      const partners = await buildConsole(ops.network.db);
      const works = async (key: string) =>
        (await request(partners.app).get('/v1/partner').set('authorization', `Bearer ${key}`)).status === 200;
      const page = await read(anna, `/ops/partners/${partners.partnerId}/key`);
      const replaces = /name="replaces" value="([^"]+)"/.exec(page)?.[1] ?? '';
      const asked = { replaces, keep_old_for_seconds: '3600' };
      const key = secretIn((await anna.post(`/ops/partners/${partners.partnerId}/key`, asked)).text);
      assert.deepEqual([await works(key), await works(partners.key)], [true, true]);
      assert.equal((await anna.post(`/ops/partners/${partners.partnerId}/key`, asked)).status, 409);
      assert.ok(await works(key));
    });

    it('are found by a part of their name or id, and by state, page by page', async () => {
      for (let count = 0; count < 55; count++) {
        await request(ops.site.app)
          .post('/v1/admin/partners')
          .set('authorization', 'Bearer the-admin-key')
          .send({ name: `Herd ${count}`, partner_id: `herd-${String(count).padStart(2, '0')}` });
      }
      const first = await read(reader, '/ops/partners?q=HERD');
      assert.ok(first.includes('herd-00') && !first.includes('herd-54'));
      const next = /href="([^"]+)" rel="next"/.exec(first)?.[1]?.replaceAll('&amp;', '&') ?? '';
      assert.ok((await read(reader, next)).includes('herd-54'));
      assert.match(await read(reader, '/ops/partners?q=%25'), /Nothing fits/);
      assert.match(await read(reader, '/ops/partners?state=paused&q=herd'), /Nothing fits/);
    });
  });

  describe('advertisers and offers', () => {
    it('are made one after the other, and lead to each other', async () => {
      await read(anna, '/ops/advertisers/new');
      const made = await anna.post('/ops/advertisers', { name: 'First Bank', advertiser_id: 'first-bank' });
      assert.match(secretIn(made.text), /^at_/);
      await read(anna, '/ops/offers/new?advertiser_id=first-bank');
      const typed = { advertiser_id: 'first-bank', offer_id: 'gold', name: 'Gold card', url: OFFER_URL };
      const offer = await anna.post('/ops/offers', {
        ...typed,
        description: 'a\r\nb',
        amount: '12.5',
        currency: 'usd',
      });
      assert.equal(offer.headers.location, '/ops/offers/gold', offer.text);
      const row = await ops.network.db('offers').where({ offer_id: 'gold' }).first<object>();
      assertFields(row, { reward_amount: 1250, reward_currency: 'USD', description: 'a\nb' });
      assert.match(await read(reader, '/ops/advertisers/first-bank'), /\/ops\/offers\/gold/);
      assert.match(await read(reader, '/ops/offers/gold'), /\/ops\/advertisers\/first-bank/);
      assert.match(await read(reader, '/ops/offers?advertiser_id=first-bank'), /Gold card/);
    });

    for (const [what, change, field] of [
      ['an amount that is none', { amount: '12,50' }, 'amount'],
      ['more decimals than its currency has', { amount: '1.5', currency: 'JPY' }, 'amount'],
      ['a currency that nobody knows', { currency: 'XXQ' }, 'currency'],
      ['a URL without the conversion', { url: 'https://bank.example/' }, 'url'],
      ['no name', { name: ' ' }, 'name'],
    ] as const) {
      it(`cannot be changed to ${what}, which is said beside the field`, async () => {
        await read(anna, `/ops/offers/${ops.network.offerId}`);
        const typed = { name: 'Card', url: OFFER_URL, description: '', amount: '1.00', currency: 'USD', ...change };
        const answer = await anna.post(`/ops/offers/${ops.network.offerId}`, typed);
        assert.equal(answer.status, 422);
        assert.ok(answer.text.includes(`id="${field}-error"`), answer.text);
      });
    }

    it('change a price from now on, and are paused after it was said what will happen', async () => {
      await read(anna, `/ops/offers/${ops.network.offerId}`);
      const typed = { name: 'Card', url: OFFER_URL, description: '', amount: '13.00', currency: 'USD' };
      await anna.post(`/ops/offers/${ops.network.offerId}`, typed);
      assertFields(await latestChange(), { actor: 'anna' });
      await ops.network.convert(ops.network.newLead());
      assert.match(await read(anna, `/ops/offers/${ops.network.offerId}/pause`), /1 visitor went on to it/);
      assert.match(await read(anna, `/ops/advertisers/${ops.network.advertiserId}/pause`), /1 visitor went on to them/);
      await anna.post(`/ops/offers/${ops.network.offerId}/state`, { state: 'paused' });
      assertFields(await latestChange(), { subject_type: 'offer', after: { state: 'paused' } });
      await anna.post(`/ops/advertisers/${ops.network.advertiserId}/state`, { state: 'paused' });
      assertFields(await latestChange(), { subject_type: 'advertiser', after: { state: 'paused' } });
    });

    it('get a new token once by one form', async () => {
      const page = await read(anna, `/ops/advertisers/${ops.network.advertiserId}/token`);
      const replaces = /name="replaces" value="([^"]+)"/.exec(page)?.[1] ?? '';
      const token = secretIn(
        (await anna.post(`/ops/advertisers/${ops.network.advertiserId}/token`, { replaces })).text,
      );
      await ops.network.statuses.authenticate(ops.network.advertiserId, token);
      assert.equal((await anna.post(`/ops/advertisers/${ops.network.advertiserId}/token`, { replaces })).status, 409);
      await ops.network.statuses.authenticate(ops.network.advertiserId, token);
    });
  });

  describe('for a reader', () => {
    it('shows no button that would be refused', async () => {
      for (const path of [
        ...['/ops/partners', '/ops/partners/ann-media', '/ops/advertisers/first-bank', '/ops/offers/gold'],
        ...['/ops/advertisers', '/ops/offers', '/ops/keys'],
      ]) {
        const text = await read(reader, path);
        const forms = [...text.matchAll(/<form method="post" action="([^"]+)"/g)].map(([, action]) => action);
        assert.deepEqual(forms, ['/ops/logout'], path);
        assert.ok(!/href="[^"]*\/(new|pause|key|token|revoke)"/.test(text), path);
      }
    });
  });

  describe('admin keys', () => {
    it('are made and revoked on pages, each once', async () => {
      await read(anna, '/ops/keys');
      const made = await anna.post('/ops/keys', { name: 'kim', role: 'operate' });
      const kim = await ops.site.signedIn(secretIn(made.text));
      assert.match(await read(kim, '/ops'), /kim <small>role operate/);
      assert.equal((await anna.post('/ops/keys', { name: 'kim', role: 'read' })).status, 409);
      assert.equal((await anna.post('/ops/keys', { name: 'Kim!', role: 'read' })).status, 422);
      assert.match(await read(anna, '/ops/keys/kim/revoke'), /ends at once/);
      await anna.post('/ops/keys/kim/revoke');
      assert.equal((await kim.get('/ops')).status, 303);
      assert.equal((await anna.get('/ops/keys/kim/revoke')).status, 404);
    });
  });

  describe('the audit log', () => {
    it('tells each change in a line, with what it was before and is now, field by field', async () => {
      const text = await read(reader, '/ops/audit?subject_type=offer&action=change');
      assert.match(text, /anna <span class="soft">changed<\/span> offer/);
      assert.match(text, /<dt>state<\/dt><dd><del>active<\/del>.*<ins>paused<\/ins>/);
      const settings = await read(reader, '/ops/audit?subject_type=partner&action=change');
      assert.match(settings, /<dt>postback\.url<\/dt><dd><del>https:\/\/a\.example\/{ref_id}<\/del>/);
      assert.match(await read(reader, '/ops/audit?actor=nobody'), /Nothing fits/);
    });
  });

  it('shows how endpoints answer, the failing ones alone if asked for', async () => {
    const partnerId = await ops.network.partner();
    await ops.network.db('partner_endpoints').insert([
      {
        partner_id: partnerId,
        origin: 'https://bad.example',
        consecutive_failures: 9,
        recent_attempts: 9,
        recent_failures: 9,
      },
      {
        partner_id: partnerId,
        origin: 'https://good.example',
        recent_attempts: 1,
        last_success_at: ops.network.db.fn.now(),
      },
    ]);
    const all = await read(reader, '/ops/endpoints');
    assert.ok(all.includes('https://bad.example') && all.includes('https://good.example') && all.includes('100 %'));
    const failing = await read(reader, '/ops/endpoints?state=failing');
    assert.ok(failing.includes('https://bad.example') && !failing.includes('https://good.example'));
  });
});
