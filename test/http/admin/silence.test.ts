import assert from 'node:assert/strict';
import type { Express } from 'express';
import request from 'supertest';
import { createAdvertiser } from '../../../src/db/advertisers.ts';
import { countSilentAdvertisers, type AdvertiserSilence, type Reminder } from '../../../src/db/reports/silence.ts';
import { beginOfId } from '../../../src/new-ids.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { ADMIN_KEY, buildOpsApp } from '../build-ops-app.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const hoursAgo = (hours: number) => new Date(Date.now() - hours * HOUR_MS);

describe('silence of advertisers', () => {
  let network: Network;
  let app: Express;
  let made = 0;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ app } = buildOpsApp(network));
  });

  after(() => network.close());

  const get = (path: string) => request(app).get(`/v1/admin${path}`).set('authorization', `Bearer ${ADMIN_KEY}`);
  const read = async () => ((await get('/silence').expect(200)).body as { items: AdvertiserSilence[] }).items;

  /** A conversion of that age in hours, in a lead of its own. */
  async function converted(ageHours: number, status: string | null = null): Promise<string> {
    const { db, advertiserId, offerId } = network;
    const id = (beginOfId(Date.now() - ageHours * HOUR_MS) + String(made++).padStart(15, 'x')).slice(0, 24);
    const at = hoursAgo(ageHours);
    const lead = { lead_id: id, last_seq: 1, created_at: at, last_activity_at: at };
    await db('leads').insert(lead);
    const conversion = { conversion_id: id, lead_id: id, seq: 1, offer_id: offerId, advertiser_id: advertiserId };
    await db('conversions').insert({ ...conversion, created_at: at, status, status_at: status && at });
    return id;
  }

  it('is counted by age, up to the end of the window', async () => {
    for (const hours of [1, 30, 50, 100, 200, 290, 13 * 24 + 1, 14 * 24 + 1]) await converted(hours);
    await converted(2, 'approved');
    const [silence] = await read();
    assert.deepEqual(silence?.unanswered, { '0-1': 1, '1-3': 2, '3-7': 1, '7-13': 2, '13+': 1, total: 7 });
    assert.deepEqual([silence?.last_call_at, silence?.is_silent], [null, false]);
  });

  it('leads to a list of what to remind of before windows close, page by page and as a file', async () => {
    const soon = [await converted(14 * 24 - 3), await converted(14 * 24 - 2), await converted(14 * 24 - 1)].sort();
    await converted(14 * 24 - 2, 'pending');
    const list = async (query: string) =>
      (await get(`/silence/reminders?${query}`).expect(200)).body as { items: Reminder[]; next_cursor: string | null };
    const { items, next_cursor } = await list('within_hours=6&limit=2');
    const rest = await list(`within_hours=6&limit=2&cursor=${next_cursor}`);
    const all = [...items, ...rest.items];
    assert.deepEqual(
      all.map(({ conversion_id }) => conversion_id),
      soon,
    );
    const left = Date.parse(all[0]?.open_until ?? '') - Date.now();
    assert.ok(left > 0 && left < 4 * HOUR_MS);
    assert.deepEqual((await list('within_hours=6&advertiser_id=nobody')).items, []);
    assert.equal((await list(`within_hours=6&advertiser_id=${network.advertiserId}`)).items.length, 3);
    const file = await get('/silence/reminders?within_hours=6').set('accept', 'text/csv').expect(200);
    assert.equal(file.text.trim().split('\r\n').length, 4);
    for (const query of ['within_hours=0', 'within_hours=x', 'cursor=!', 'more=1']) {
      await get(`/silence/reminders?${query}`).expect(400);
    }
  });

  it('is told of whoever reports daily and has stopped, and of nobody else', async () => {
    const { db } = network;
    const names = ['stopped', 'goes on', 'weekly', 'told by ops'];
    const ids = await Promise.all(
      names.map(async (name) => (await createAdvertiser(db, { name })).advertiser.advertiser_id),
    );
    const [stopped, goingOn, weekly, byOps] = ids as [string, string, string, string];
    const raw = { method: 'GET', query: {}, body: null };
    const days = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
    const calls = [
      ...days(3, 12).map((day) => ({ advertiser_id: stopped, at: hoursAgo(day * 24), source: 'call' })),
      ...days(0, 12).map((day) => ({ advertiser_id: goingOn, at: hoursAgo(day * 24 + 1), source: 'call' })),
      ...[5, 12, 19].map((day) => ({ advertiser_id: weekly, at: hoursAgo(day * 24), source: 'import' })),
      ...days(3, 12).map((day) => ({ advertiser_id: byOps, at: hoursAgo(day * 24), source: 'ops' })),
    ].sort((a, b) => a.at.getTime() - b.at.getTime());
    for (const call of calls) await db('status_calls').insert({ ...call, raw, result: 'recorded' });
    // Whatever ops say in its name breaks no silence.
    await db('status_calls').insert({ advertiser_id: stopped, source: 'ops', raw, result: 'recorded' });
    const items = await read();
    const found = (id: string) => items.find(({ advertiser_id }) => advertiser_id === id);
    assert.equal(items[0]?.advertiser_id, stopped);
    const lastCall = Date.parse(found(stopped)?.last_call_at ?? '');
    assert.ok(Math.abs(lastCall - (Date.now() - 3 * DAY_MS)) < HOUR_MS);
    assert.deepEqual(
      ids.map((id) => [found(id)?.reports_daily, found(id)?.is_silent]),
      [
        [true, true],
        [true, false],
        [false, false],
        [false, false],
      ],
    );
    assert.equal(await countSilentAdvertisers(db, 36), 1);
    await db('advertisers').where({ advertiser_id: stopped }).update({ state: 'paused' });
    assert.equal(await countSilentAdvertisers(db, 36), 0);
  });

  it('ends as expired, which the conversion tells', async () => {
    const tell = async (id: string) => ((await get(`/conversions/${id}`).expect(200)).body as { state: string }).state;
    const ids = [await converted(1), await converted(15 * 24), await converted(15 * 24, 'rejected')];
    for (const id of ids) {
      const event = { lead_id: id, seq: 1, type: 'conversion', conversion_id: id, offer_id: network.offerId };
      await network.db('lead_events').insert({ ...event, advertiser_id: network.advertiserId });
    }
    assert.deepEqual(await Promise.all(ids.map(tell)), ['open', 'expired', 'rejected']);
  });
});
