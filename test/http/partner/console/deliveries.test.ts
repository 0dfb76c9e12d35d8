import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createAdvertiser } from '../../../../src/db/advertisers.ts';
import { createOffer } from '../../../../src/db/offers.ts';
import { createPartner, updatePartner } from '../../../../src/db/partners.ts';
import { createRedelivery } from '../../../../src/db/replays/redelivery.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { aPostback } from '../../../support/ended-postbacks.ts';
import { settingsFor } from '../../../support/postback-settings.ts';
import { dateIn } from '../../../support/time-zones.ts';
import type { ConsoleVisitor } from '../../browser-without-scripts.ts';
import { buildConsole, type Console } from '../../build-console.ts';

const SCRIPT = '<script>alert(1)</script>';

describe('the delivery log of the console', () => {
  let db: Knex;
  let site: Console;
  let visitor: ConsoleVisitor;
  let partnerId: string;

  before(async () => {
    ({ db } = await createTestDatabase());
  });
  beforeEach(async () => {
    site = await buildConsole(db);
    ({ partnerId } = site);
    await updatePartner(db, partnerId, { postback: settingsFor('https://t.example/in?c={ref_id}&s={status}') });
    visitor = await site.signedIn();
    await visitor.get('/console');
  });
  after(() => db.destroy());

  const log = async (query = '') => (await visitor.get(`/console/deliveries${query}`)).text;
  const page = async (postbackId: string) => (await visitor.get(`/console/deliveries/${postbackId}`)).text;
  const withoutToken = (html: string) => html.replaceAll(/name="csrf" value="[^"]+"/g, '');
  const rowsOf = (html: string) => html.split('<tr>').length - 2;

  it('says what to do while there is nothing', async () => {
    const html = await log();
    assert.match(html, /No postbacks yet/);
    assert.match(html, /href="\/console\/postbacks">Set up and test/);
  });

  it('shows what fits the filters of its address, and says when nothing does', async () => {
    const begun = dateIn('UTC', Date.now());
    await aPostback(db, { partnerId, state: 'failed', secondsAgo: 0, attempts: [500] });
    await aPostback(db, { partnerId, state: 'delivered', secondsAgo: 0, status: 'pending', attempts: [200] });
    assert.equal(rowsOf(await log()), 2);
    assert.equal(rowsOf(await log('?state=failed')), 1);
    assert.equal(rowsOf(await log('?status=pending&state=delivered')), 1);
    assert.match(await log('?state=superseded'), /Nothing fits/);
    assert.equal(rowsOf(await log(`?from=${begun}&to=${dateIn('UTC', Date.now())}`)), 2);
    assert.match(await log('?to=2020-01-01'), /Nothing fits/);
  });

  it('survives filters that cannot be read, and keeps what was typed', async () => {
    await aPostback(db, { partnerId });
    for (const query of [
      '?state=nonsense',
      '?from=yesterday',
      '?cursor=%00',
      `?q=${'x'.repeat(500)}`,
      '?state=a&state=b',
    ]) {
      assert.equal((await visitor.get(`/console/deliveries${query}`)).status, 200, query);
    }
    assert.match(await log('?from=yesterday'), /value="yesterday"/);
  });

  it('finds a whole id, of whatever it is', async () => {
    const { postbackId, conversionId } = await aPostback(db, { partnerId, refId: 'click-77' });
    await aPostback(db, { partnerId, refId: 'click-78' });
    const found = await visitor.get(`/console/deliveries?q=${postbackId}`);
    assert.deepEqual([found.status, found.headers['location']], [303, `/console/deliveries/${postbackId}`]);
    assert.equal(rowsOf(await log(`?q=${conversionId}`)), 1);
    assert.equal(rowsOf(await log('?q=click-78')), 1);
  });

  it('leads on from page to page and back', async () => {
    for (let count = 0; count < 53; count++) await aPostback(db, { partnerId, secondsAgo: 100 + count });
    const first = await log('?state=failed');
    assert.equal(rowsOf(first), 50);
    const [, next = ''] = /href="(\/console\/deliveries\?[^"]+)" rel="next"/.exec(first) ?? [];
    const second = (await visitor.get(next.replaceAll('&amp;', '&'))).text;
    assert.equal(rowsOf(second), 3);
    assert.match(second, /href="\/console\/deliveries\?state=failed">Newest/);
  });

  it('shows an attempt as it was sent and answered, what it means, and the same as curl', async () => {
    const { postbackId } = await aPostback(db, { partnerId, attempts: [503, 'timeout', 204] });
    await db('postback_attempts')
      .where({ postback_id: postbackId, attempt: 1 })
      .update({
        ...{ url: `https://t.example/in?c=it's`, headers: JSON.stringify({ 'user-agent': 'Cashcat-Postbacks/1' }) },
        response_body: 'away for lunch',
      });
    const html = await page(postbackId);
    assert.match(html, /GET https:\/\/t\.example\/in\?c=it&#39;s\nuser-agent: Cashcat-Postbacks\/1</);
    assert.match(html, /HTTP 503\n\naway for lunch/);
    assert.match(html, /No answer: timeout\./);
    assert.match(html, /204 is not 200/);
    assert.match(
      html,
      /data-copy="curl -i -X &#39;GET&#39; &#39;https:\/\/t\.example\/in\?c=it&#39;\\&#39;&#39;s&#39;/,
    );
    assert.match(html, /href="\/docs#success">Why/);
  });

  it('counts down to the next attempt, and asks for itself again while it is open', async () => {
    const { postbackId } = await aPostback(db, { partnerId, state: 'retrying', attempts: [500] });
    const next = new Date(Date.now() + 192_000).toISOString();
    await db('postbacks').where({ postback_id: postbackId }).update({ next_attempt_at: next });
    const html = await page(postbackId);
    assert.match(html, new RegExp(`<time datetime="${next}" data-countdown [^>]+>in 3 min \\d+ s`));
    assert.match(html, /hx-trigger="every 2s"/);
    assert.doesNotMatch(html, /<button>Redeliver/);
  });

  it('says why one was skipped, with a link to the rule', async () => {
    const { postbackId } = await aPostback(db, {
      partnerId,
      state: 'skipped',
      skipReason: 'status_off',
      status: 'pending',
    });
    const html = await page(postbackId);
    assert.match(html, /Your settings say that pending is not sent\. <a href="\/docs#words">Why/);
  });

  it('flags a refusal behind a 200', async () => {
    const { postbackId } = await aPostback(db, { partnerId, state: 'delivered', attempts: [200] });
    await db('postback_attempts').where({ postback_id: postbackId }).update({ response_body: 'success=false' });
    assert.match(await log(), /hides a refusal/);
    assert.match(await page(postbackId), /Your endpoint answered 200, but seems to have refused it/);
  });

  it('redelivers a failed one, says so first, and shows that it is under way', async () => {
    const { postbackId } = await aPostback(db, { partnerId, attempts: [500, 500, 500] });
    assert.match(
      await page(postbackId),
      /with the same postback_id, by GET at the address that your settings name now/,
    );
    const sent = await visitor.post(`/console/deliveries/${postbackId}/redeliver`);
    assert.equal(sent.status, 303);
    const { text } = await visitor.get(sent.headers['location'] as string);
    assert.match(text, /It is being redelivered\./);
    const replays = await db('replays').where({ postback_id: postbackId }).select<{ total: number }[]>('total');
    assert.deepEqual(replays, [{ total: 1 }]);
  });

  it('says why one is not redelivered, before and after it is asked for', async () => {
    const older = await aPostback(db, { partnerId, status: 'pending', seq: 3, attempts: [500] });
    await aPostback(db, { partnerId, conversionId: older.conversionId, seq: 4, state: 'delivered', attempts: [200] });
    const html = await page(older.postbackId);
    assert.match(html, /It cannot be redelivered: a newer status of its conversion has overtaken it\./);
    assert.doesNotMatch(html, /<button>Redeliver/);
    const refused = await visitor.post(`/console/deliveries/${older.postbackId}/redeliver`);
    assert.equal(refused.status, 409);
    assert.match(refused.text, /a newer status of its conversion has overtaken it/);
  });

  it("knows nothing of another partner's", async () => {
    const { partner } = await createPartner(db, { name: 'Other' });
    const { postbackId } = await aPostback(db, { partnerId: partner.partner_id, refId: 'secret-ref' });
    assert.equal((await visitor.get(`/console/deliveries/${postbackId}`)).status, 404);
    assert.equal((await visitor.post(`/console/deliveries/${postbackId}/redeliver`)).status, 404);
    assert.match(await log('?q=secret-ref'), /Nothing fits/);
  });

  it("tells nothing of another partner's redelivery, nor of another postback's", async () => {
    const { partner } = await createPartner(db, { name: 'Other' });
    await updatePartner(db, partner.partner_id, { postback: settingsFor('https://other.example/?r={ref_id}') });
    const theirs = await aPostback(db, { partnerId: partner.partner_id, attempts: [500] });
    const [own, next] = [
      await aPostback(db, { partnerId, attempts: [500] }),
      await aPostback(db, { partnerId, attempts: [500] }),
    ];
    const ofOthers = await createRedelivery(db, { partnerId: partner.partner_id, postbackId: theirs.postbackId });
    const ofNext = await createRedelivery(db, { partnerId, postbackId: next.postbackId });
    const plain = await page(own.postbackId);
    for (const replay of [ofOthers, ofNext]) {
      assert.ok(replay);
      assert.equal(withoutToken(await page(`${own.postbackId}?again=${replay.replay_id}`)), withoutToken(plain));
    }
  });

  it('comes as a file by the same filters, without what is of others', async () => {
    const { partner } = await createPartner(db, { name: 'Other' });
    await aPostback(db, { partnerId: partner.partner_id, refId: 'theirs', attempts: [500] });
    const { postbackId } = await aPostback(db, { partnerId, refId: 'wanted', attempts: [500] });
    await aPostback(db, { partnerId, state: 'delivered', attempts: [200] });
    assert.match(await log('?state=failed'), /href="\/console\/deliveries\.csv\?state=failed">Download CSV/);
    for (const query of ['?state=failed', '?q=wanted']) {
      const file = await visitor.get(`/console/deliveries.csv${query}`);
      assert.match(String(file.headers['content-disposition']), /postbacks\.csv/);
      const [, ...rows] = file.text.trim().split('\r\n');
      assert.deepEqual(
        rows.map((row) => row.split(',')[0]),
        [`"${postbackId}"`],
      );
    }
    assert.match((await visitor.get('/console/deliveries.csv?q=theirs')).text.trim(), /^"postback_id"[^\n]*$/);
    assert.equal((await site.visitor().get('/console/deliveries.csv')).status, 303);
  });

  it('names the offer, and its id beside it', async () => {
    const { postbackId } = await aPostback(db, { partnerId, attempts: [200] });
    const { advertiser } = await createAdvertiser(db, { name: 'Bank' });
    const { offer_id: offerId } = await createOffer(db, {
      ...{ advertiser_id: advertiser.advertiser_id, name: 'Gold card', url: 'https://bank.example/?c={conversion_id}' },
      reward: { amount: 100, currency: 'USD' },
    });
    await db('postbacks').where({ postback_id: postbackId }).update({ offer_id: offerId });
    assert.match(await page(postbackId), new RegExp(`<dt>Offer</dt><dd>Gold card .*${offerId}`));
  });

  it('shows hostile text as text', async () => {
    const { postbackId } = await aPostback(db, { partnerId, refId: SCRIPT, attempts: [200] });
    await db('postback_attempts')
      .where({ postback_id: postbackId })
      .update({ url: `https://t.example/${SCRIPT}`, response_body: SCRIPT, location: SCRIPT });
    for (const html of [await log(), await page(postbackId)]) assert.ok(!html.includes(SCRIPT));
  });
});
