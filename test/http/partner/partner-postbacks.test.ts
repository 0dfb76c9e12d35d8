import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createTestDatabase } from '../../support/database.ts';
import { aPostback } from '../../support/ended-postbacks.ts';
import { makeEventfulLead } from '../../support/leads/eventful-lead.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { actAs, buildPartnerApi, type PartnerApi } from '../build-partner-api.ts';

type Item = { postback_id: string; state: string; warnings: { code: string; message: string }[] };
type Attempt = { request: object; response: { body: string } | null; error: string | null; explanation: string };
type Detail = Item & { explanation: string; superseded_by: object | null; attempts: Attempt[] };

const NOBODYS_ID = 'nobodysid0000000';

describe("a partner's postbacks by its own API", () => {
  let network: Network;
  let db: Knex;
  let api: PartnerApi;

  const list = async (query = '') =>
    (await api.call('get', `/postbacks${query}`).expect(200)).body as { items: Item[]; next_cursor: string | null };
  const idsOf = async (query = '') => (await list(query)).items.map((item) => item.postback_id);
  const detail = async (id: string) => (await api.call('get', `/postbacks/${id}`).expect(200)).body as Detail;
  const own = (given: Partial<Parameters<typeof aPostback>[1]> = {}) =>
    aPostback(db, { partnerId: api.partnerId, ...given });
  const asOwner = (partnerId: string) => actAs(api, db, partnerId);

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
  });
  beforeEach(async () => {
    api = await buildPartnerApi(db);
  });
  after(() => network.close());

  it('are listed with the newest first, page by page', async () => {
    const ids: string[] = [];
    for (const secondsAgo of [50, 40, 30, 20, 10]) ids.unshift((await own({ secondsAgo })).postbackId);
    const found: string[] = [];
    let cursor = '';
    do {
      const page = await list(`?limit=2${cursor}`);
      found.push(...page.items.map((item) => item.postback_id));
      cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
    } while (cursor !== '');
    assert.deepEqual(found, ids);
  });

  it('are found by state, status, conversion, ref_id and time', async () => {
    const failed = await own({ secondsAgo: 3600, attempts: [500] });
    const delivered = await own({ state: 'delivered', status: 'pending', refId: 'click-2', attempts: [200] });
    const later = new Date(Date.now() - 1_800_000).toISOString();
    for (const [query, expected] of [
      ['?state=failed', failed],
      ['?status=pending', delivered],
      [`?conversion_id=${failed.conversionId}`, failed],
      ['?ref_id=click-2', delivered],
      [`?from=${later}`, delivered],
      [`?to=${later}`, failed],
    ] as const) {
      assert.deepEqual(await idsOf(query), [expected.postbackId], query);
    }
    for (const query of ['?state=lost', '?limit=0', '?cursor=x', '?partner_id=other', '?from=yesterday']) {
      await api.call('get', `/postbacks${query}`).expect(400);
    }
  });

  it("shows each attempt's request, answer and meaning", async () => {
    const { postbackId } = await own({ attempts: [302, 'timeout', 500] });
    await db('postback_attempts')
      .where({ postback_id: postbackId, attempt: 1 })
      .update({
        headers: { accept: '*/*' },
        location: 'https://t.example/login',
        response_body: 'moved',
        duration_ms: 5,
      });
    const { attempts, explanation } = await detail(postbackId);
    const [first, second] = attempts;
    assert.deepEqual(first?.request, {
      method: 'GET',
      url: 'https://t.example/',
      headers: { accept: '*/*' },
      body: null,
    });
    assert.deepEqual(first?.response, { http_status: 302, location: 'https://t.example/login', body: 'moved' });
    assert.match(first?.explanation ?? '', /redirects \(302\)/);
    assert.deepEqual([second?.response, second?.error], [null, 'timeout']);
    assert.match(explanation, /\(500\).*No attempt is left/);
  });

  it('says when the next attempt is due', async () => {
    const { postbackId } = await own({ state: 'retrying', attempts: [503] });
    await db('postbacks').where({ postback_id: postbackId }).update({ next_attempt_at: '2026-01-31T09:15:00.000Z' });
    const postback = (await detail(postbackId)) as Detail & { next_attempt_at: string };
    assert.equal(postback.next_attempt_at, '2026-01-31T09:15:00.000Z');
    assert.match(postback.explanation, /due at 2026-01-31T09:15:00.000Z/);
  });

  it('says which newer status has superseded one', async () => {
    const older = await own({ state: 'superseded', status: 'pending', seq: 3 });
    const newer = await own({ conversionId: older.conversionId, state: 'delivered', seq: 5, attempts: [200] });
    const { superseded_by, explanation } = await detail(older.postbackId);
    assert.deepEqual(superseded_by, { postback_id: newer.postbackId, status: 'approved' });
    assert.match(explanation, /approved/);
  });

  it('says only that the lead went to another partner when a status of that one has superseded it', async () => {
    const older = await own({ state: 'superseded', status: 'pending', seq: 3 });
    await aPostback(db, { partnerId: await network.partner(), conversionId: older.conversionId, seq: 5 });
    const { superseded_by, explanation } = await detail(older.postbackId);
    assert.equal(superseded_by, null);
    assert.match(explanation, /another partner/);
    assert.doesNotMatch(explanation, /approved/);
  });

  it('says why one was skipped', async () => {
    for (const [skipReason, words] of [
      ['not_configured', /no postback URL/],
      ['status_off', /settings say that approved is not sent/],
      ['no_ref_id', /came without a ref_id/],
    ] as const) {
      const { postbackId } = await own({ state: 'skipped', skipReason, refId: null });
      assert.match((await detail(postbackId)).explanation, words);
    }
    const { first, conversionId } = await makeEventfulLead(network);
    api = await asOwner(first);
    const [id = ''] = await idsOf(`?conversion_id=${conversionId}`);
    assert.match((await detail(id)).explanation, /could not be used \(longer than 32 characters\)/);
  });

  it('are flagged when the answer was 200 and its body says no', async () => {
    const { postbackId } = await own({ state: 'delivered', attempts: [200] });
    await own({ state: 'delivered', attempts: [200] });
    const body = { response_body: 'success=false; error=SubID not found' };
    await db('postback_attempts').where({ postback_id: postbackId }).update(body);
    const { items } = await list();
    assert.deepEqual(
      items.filter(({ warnings }) => warnings.length > 0).map((item) => item.postback_id),
      [postbackId],
    );
    assert.equal((await detail(postbackId)).warnings[0]?.code, 'hidden_refusal');
  });

  it('stay flagged when a redelivery after such an answer was refused', async () => {
    const { postbackId } = await own({ state: 'delivered', attempts: [200, 500] });
    const body = { response_body: 'success=false; error=SubID not found' };
    await db('postback_attempts').where({ postback_id: postbackId, attempt: 1 }).update(body);
    assert.equal((await list()).items[0]?.warnings[0]?.code, 'hidden_refusal');
    assert.equal((await detail(postbackId)).warnings[0]?.code, 'hidden_refusal');
  });

  it('tell nothing of secrets of ours that stand in a URL or an answer', async () => {
    const { postbackId } = await own({ state: 'delivered', attempts: [200] });
    const texts = { url: `https://t.example/?k=${api.key}`, response_body: `got ${api.key}` };
    await db('postback_attempts').where({ postback_id: postbackId }).update(texts);
    const text = JSON.stringify(await detail(postbackId));
    assert.ok(!text.includes(api.key) && text.includes(`${api.key.slice(0, 9)}…`), text);
  });

  it("of another partner are as unknown as what nobody has, and carry no lead's number or id", async () => {
    const { postbackId } = await aPostback(db, { partnerId: await network.partner() });
    const [others, nobodys] = await Promise.all(
      [postbackId, NOBODYS_ID].map(async (id) =>
        (await api.call('get', `/postbacks/${id}`).expect(404)).text.replace(id, ''),
      ),
    );
    assert.equal(others, nobodys);
    assert.deepEqual(await idsOf(), []);
    const mine = await own({ attempts: [200] });
    const answers = JSON.stringify([await list(), await detail(mine.postbackId)]);
    assert.doesNotMatch(answers, /lead_id|"seq"|lead-of-/);
  });

  it('come as CSV, all of them', async () => {
    for (let count = 0; count < 60; count++) await own({ refId: `=cmd|${count}` });
    const { text } = await api.call('get', '/postbacks').set('accept', 'text/csv').expect(200);
    assert.equal(text.trim().split('\r\n').length, 61);
    assert.match(text, /"'=cmd\|59"/);
    const short = await api.call('get', '/postbacks?limit=3').set('accept', 'text/csv').expect(200);
    assert.equal(short.text.trim().split('\r\n').length, 4);
  });
});
