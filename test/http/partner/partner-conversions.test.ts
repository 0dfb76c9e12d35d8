import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createPriceList } from '../../../src/db/prices/price-lists.ts';
import { MOST_UNCOUNTED } from '../../../src/db/counting/far-behind.ts';
import { findNextConversions } from '../../../src/db/counting/finding-conversions.ts';
import { beginOfId } from '../../../src/new-ids.ts';
import type { tellPartnerConversion } from '../../../src/stories/partner-conversion-story.ts';
import { createTestDatabase } from '../../support/database.ts';
import { assertFields } from '../../support/fields.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { draftOf } from '../../support/price-lists.ts';
import { settingsFor } from '../../support/postback-settings.ts';
import { actAs, buildPartnerApi, type PartnerApi } from '../build-partner-api.ts';

type Item = { conversion_id: string; status: string | null; outcome: string; ref_id: string | null };
type List = { items: Item[]; next_cursor: string | null };
type Story = ReturnType<typeof tellPartnerConversion>;

const URL = 'https://tracker.example/?c={ref_id}&s={status}';

describe("a partner's conversions by its own API", () => {
  let network: Network;
  let db: Knex;
  let api: PartnerApi;
  let other: PartnerApi;

  const list = async (query = '', by = api) => (await by.call('get', `/conversions${query}`).expect(200)).body as List;
  const idsOf = async (query = '', by = api) => (await list(query, by)).items.map((item) => item.conversion_id);
  const story = async (id: string, by = api) => (await by.call('get', `/conversions/${id}`).expect(200)).body as Story;
  const report = async (leadId: string, conversionId: string, word: string, reason: string | null = null) => {
    await network.report(conversionId, word, reason);
    await settleLatest(db, leadId);
  };
  /** A conversion that the partner was told `pending` of, before another one touched its lead. */
  const sharedLead = async () => {
    const { leadId, conversionId } = await network.aLead(api.partnerId, 'mine-1');
    await report(leadId, conversionId, 'pending', 'checking');
    await network.touch(leadId, other.partnerId, 'theirs-1');
    return { leadId, conversionId };
  };

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    api = await buildPartnerApi(db);
  });
  beforeEach(async () => {
    api = await actAs(api, db, await network.partner(settingsFor(URL)));
    other = await actAs(api, db, await network.partner(settingsFor(URL)));
  });
  after(() => network.close());

  it('tell of a win: the visits, the statuses, why, the frozen price and the postbacks', async () => {
    const { leadId, conversionId } = await network.aLead(api.partnerId, 'mine-1');
    await report(leadId, conversionId, 'pending', 'checking');
    await db('offers').where({ offer_id: network.offerId }).update({ reward_amount: 999, price_version: 2 });
    await report(leadId, conversionId, 'approved');
    await db('offers').where({ offer_id: network.offerId }).update({ reward_amount: 1250, price_version: 1 });
    const told = await story(conversionId);
    assert.equal(told.outcome, 'won');
    assert.match(told.why, new RegExp(`linked to you by your touch of ${told.touches[0]?.at} when approved`));
    assertFields(told.price, { amount: 999, currency: 'USD', version: 2, tier_from: null, cap: null });
    assert.deepEqual(told.reward.net, { amount: 999, currency: 'USD' });
    assert.deepEqual(
      told.statuses.map(({ status, reason }) => [status, reason]),
      [
        ['pending', 'checking'],
        ['approved', null],
      ],
    );
    assert.deepEqual(
      told.postbacks.map(({ status, state }) => [status, state]),
      [
        ['pending', 'superseded'],
        ['approved', 'scheduled'],
      ],
    );
    assert.equal(told.timeline[0]?.what, 'touch with ref_id mine-1');
    assert.equal(told.timeline.length, 8);
  });

  it('stay with their winner when a correction revokes the reward', async () => {
    const { leadId, conversionId } = await network.aLead(api.partnerId, 'mine-1');
    await report(leadId, conversionId, 'approved');
    await network.touch(leadId, other.partnerId, 'theirs-1');
    await report(leadId, conversionId, 'rejected');
    const told = await story(conversionId);
    assert.deepEqual([told.outcome, told.status, told.reward.net?.amount], ['won', 'rejected', 0]);
    assert.match(told.why, /revoked/);
    assert.deepEqual(await idsOf('', other), [], 'nothing of it concerns who touched the lead later');
    await other.call('get', `/conversions/${conversionId}`).expect(404);
  });

  it('that another partner has won tell only that they were reattributed', async () => {
    const { leadId, conversionId } = await sharedLead();
    await report(leadId, conversionId, 'approved', 'paid in full');
    const told = await story(conversionId);
    assert.deepEqual([told.outcome, told.status, told.price, told.reward.net], ['reattributed', 'pending', null, null]);
    assert.match(told.why, /reattributed.*R3, R8/);
    const text = JSON.stringify([told, await list()]);
    for (const theirs of [other.partnerId, 'theirs-1', 'approved was', 'paid in full', 'lead_id', '"seq"']) {
      assert.ok(!text.includes(theirs), `${theirs} in ${text}`);
    }
    assert.equal(told.touches.length, 1);
    assert.deepEqual(await idsOf('?status=approved'), []);
    assert.deepEqual(await idsOf('?status=pending'), [conversionId]);
  });

  it('that another partner is linked to now tell the same before anybody has won', async () => {
    const { leadId, conversionId } = await sharedLead();
    const before = await story(conversionId);
    await report(leadId, conversionId, 'approved');
    const after = await story(conversionId);
    assert.equal(before.outcome, 'reattributed');
    assert.equal(after.why, before.why);
    assert.deepEqual(after.statuses, before.statuses);
  });

  it('tell their winner nothing of whom it took them from', async () => {
    const { leadId, conversionId } = await sharedLead();
    await report(leadId, conversionId, 'approved');
    const told = await story(conversionId, other);
    assert.deepEqual([told.outcome, told.status, told.ref_id], ['won', 'approved', 'theirs-1']);
    assert.deepEqual(
      told.statuses.map(({ status }) => status),
      ['approved'],
    );
    const text = JSON.stringify([told, await list('', other)]);
    for (const mine of [api.partnerId, 'mine-1', 'pending', 'checking'])
      assert.ok(!text.includes(mine), `${mine}: ${text}`);
  });

  it('show the rejected by which a handover tells of a loss', async () => {
    const settings = settingsFor(URL, { handover: true });
    await api.call('put', '/postback', settings).expect(200);
    const { leadId, conversionId } = await sharedLead();
    const [pending] = await db('postbacks').where({ conversion_id: conversionId }).select<{ postback_id: string }[]>();
    await db('postback_attempts').insert({ postback_id: pending?.postback_id, attempt: 1, method: 'GET', url: URL });
    await report(leadId, conversionId, 'approved');
    const told = await story(conversionId);
    assert.deepEqual(
      told.postbacks.map(({ status, reason, is_handover }) => [status, reason, is_handover]),
      [
        ['pending', 'checking', false],
        ['rejected', 'reattributed', true],
      ],
    );
    assert.match(told.why, /rejected with the reason reattributed \(R14\)/);
  });

  it('are open to whoever holds their lead before anybody has won', async () => {
    const { leadId, conversionId } = await network.aLead(null);
    assert.deepEqual(await idsOf(), []);
    await network.touch(leadId, api.partnerId, 'mine-1');
    await network.touch(leadId, api.partnerId);
    const [item] = (await list('?status=none')).items;
    assert.deepEqual(
      [item?.conversion_id, item?.status, item?.outcome, item?.ref_id],
      [conversionId, null, 'open', 'mine-1'],
    );
    assert.match((await story(conversionId)).why, /linked to you.*not said anything/);
    await network.touch(leadId, other.partnerId);
    await network.touch(leadId, api.partnerId);
    assert.equal((await list()).items[0]?.ref_id, null, 'R5: another touch has ended the row of visits');
  });

  it('of others are as unknown as what nobody has', async () => {
    const { conversionId } = await network.aLead(other.partnerId);
    const [others, nobodys] = await Promise.all(
      [conversionId, 'nobodys'].map(async (id) =>
        (await api.call('get', `/conversions/${id}`).expect(404)).text.replace(id, ''),
      ),
    );
    assert.equal(others, nobodys);
    assert.deepEqual(await idsOf(), []);
  });

  it('are found by ref_id, but only by one that the partner itself has sent', async () => {
    const { conversionId } = await network.aLead(api.partnerId, 'both');
    await network.aLead(other.partnerId, 'both');
    const { leadId } = await sharedLead();
    assert.deepEqual(await idsOf('?ref_id=both'), [conversionId]);
    assert.deepEqual(await idsOf('?ref_id=theirs-1'), []);
    await network.touch(leadId, api.partnerId, 'mine-2');
    assert.equal((await idsOf('?ref_id=mine-2')).length, 1);
  });

  it('are listed with the newest first, page by page, of a span of time', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) ids.push((await network.aLead(api.partnerId)).conversionId);
    // An id begins with its millisecond, and two may be made in the same.
    ids.sort().reverse();
    const first = await list('?limit=3');
    const second = await list(`?limit=3&cursor=${first.next_cursor}`);
    assert.deepEqual(
      [...first.items, ...second.items].map((item) => item.conversion_id),
      ids,
    );
    assert.equal(second.next_cursor, null);
    assert.deepEqual(await idsOf(`?to=${new Date(Date.now() - 60_000).toISOString()}`), []);
    assert.equal((await idsOf(`?from=${new Date(Date.now() - 60_000).toISOString()}`)).length, 5);
  });

  it('are on the first page, however many of others have come since, and are the same once they are counted', async () => {
    const { conversionId } = await network.aLead(api.partnerId);
    const { leadId, conversionId: touchedLater } = await network.aLead(other.partnerId);
    await network.touch(leadId, api.partnerId);
    // An id begins with its millisecond, and both may be made in the same.
    const newestFirst = [touchedLater, conversionId].toSorted().toReversed();
    for (let count = 0; count < 3; count++) await network.aLead(other.partnerId);
    await addForeign();
    for (const moment of [new Date(), new Date(Date.now() + 60_000)]) {
      await db.transaction((trx) =>
        findNextConversions(trx, { horizon: moment.toISOString(), spanMs: 24 * 60 * 60 * 1000 }),
      );
      const { items, next_cursor } = await list();
      assert.deepEqual(
        items.map((item) => item.conversion_id),
        newestFirst,
      );
      assert.equal(next_cursor, null);
      assert.deepEqual(await idsOf('?limit=1'), newestFirst.slice(0, 1));
      assert.deepEqual(await idsOf('?status=none'), newestFirst);
    }
    await db('conversions').where({ lead_id: 'somebodys' }).delete();
    await db('counting_progress').update({ conversions_upto: new Date(Date.now() - 60_000).toISOString() });
  });

  it('are all found behind any number that it touched too late, whose ids no cursor holds', async () => {
    const { conversionId } = await network.aLead(api.partnerId);
    const ids = await addForeign();
    await db.raw('insert into partner_conversions select ?, unnest(?::text[])', [api.partnerId, ids]);
    const first = await list();
    assert.deepEqual(first.items, []);
    const place = Buffer.from(String(first.next_cursor), 'base64url').toString();
    assert.match(place, /^\w{9}$/);
    assert.deepEqual(await idsOf(`?cursor=${first.next_cursor}`), [conversionId]);
    await db('conversions').where({ lead_id: 'somebodys' }).delete();
  });

  /** More than are looked at for one page, all newer than what is there. */
  async function addForeign(): Promise<string[]> {
    const begin = Date.now() + 1000;
    const ids = Array.from({ length: 5500 }, (_, index) => `${beginOfId(begin + Math.floor(index / 7))}x${index}`);
    await db.raw(
      `insert into conversions (conversion_id, lead_id, seq, offer_id, advertiser_id)
       select id, 'somebodys', 2, 'card', 'bank' from unnest(?::text[]) as c (id)`,
      [ids],
    );
    return ids;
  }

  it('are listed as far as they are known while counting is far behind, and say since when some may be missing', async () => {
    const [told, latest] = [await network.aLead(api.partnerId), await network.aLead(api.partnerId)];
    await report(told.leadId, told.conversionId, 'pending');
    await db.raw(
      `insert into lead_events (lead_id, seq, at, type, partner_id)
       select 'far' || n, 1, now() - interval '2 hours', 'touch', 'other' from generate_series(0, ?::int) n`,
      [MOST_UNCOUNTED],
    );
    const since = new Date(Date.now() - 3 * 60 * 60_000).toISOString();
    await db('counting_progress').update({ conversions_upto: since });
    try {
      const answer = await api.call('get', '/conversions').expect(200);
      const { items, missing_since } = answer.body as List & { missing_since: string | null };
      assert.deepEqual([items.map((item) => item.conversion_id), missing_since], [[told.conversionId], since]);
      const file = await api.call('get', '/conversions').set('accept', 'text/csv').expect(200);
      assert.equal(file.headers['cashcat-missing-since'], since);
      assert.equal(file.text.trim().split('\r\n').length, 2);
      const pending = (await api.call('get', '/conversions?status=pending').expect(200)).body as object;
      assert.deepEqual({ ...pending, items: [] }, { items: [], next_cursor: null, missing_since: null });
    } finally {
      await db('lead_events').where('lead_id', 'like', 'far%').delete();
    }
    const whole = await api.call('get', '/conversions').expect(200);
    assert.equal((whole.body as { missing_since: unknown }).missing_since, null);
    assert.equal(whole.headers['cashcat-missing-since'], undefined);
    assert.deepEqual((await idsOf()).toSorted(), [told.conversionId, latest.conversionId].toSorted());
  });

  it('come as CSV', async () => {
    const { leadId, conversionId } = await network.aLead(api.partnerId, '+1=2');
    await report(leadId, conversionId, 'approved');
    const { text } = await api.call('get', '/conversions').set('accept', 'text/csv').expect(200);
    const [, row] = text.split('\r\n');
    assert.match(row ?? '', new RegExp(`^"${conversionId}",.*"'\\+1=2","approved",.*"won","12.50","USD"$`));
  });

  it('R13: tell why the price is as it is by the overall count alone', async () => {
    const { offerId } = network;
    const theirs = await network.aLead(other.partnerId);
    await report(theirs.leadId, theirs.conversionId, 'approved');
    const list = await createPriceList(db, offerId, draftOf({ counts: 'offer', tiers: [{ from: 0, amount: 700 }] }));
    const { leadId, conversionId } = await network.aLead(api.partnerId);
    assert.equal((await story(conversionId)).price, null);
    await report(leadId, conversionId, 'approved');
    const told = await story(conversionId);
    const place = Number((await db('approval_counts').first<{ approved: number }>('approved')).approved);
    assertFields(told.price, { amount: 700, tier_from: 0, counted: place - 1, cap: null, version: list?.version ?? 0 });
    assert.match(
      told.price?.why ?? '',
      /^7\.00 USD: the tier from 0, because it was the \d+\w\w approved conversion of this offer/,
    );
    assert.ok(told.timeline.some(({ what }) => what === `price: ${told.price?.why}`));
    assert.ok(!JSON.stringify(told).includes(other.partnerId));
  });
});
