import assert from 'node:assert/strict';
import type { Express } from 'express';
import request from 'supertest';
import { createAdvertiser } from '../../../src/db/advertisers.ts';
import { countSilentAdvertisers, type AdvertiserSilence, type Reminder } from '../../../src/db/reports/silence.ts';
import { countNext, recountAll, recountFrom } from '../../../src/db/counting/counting.ts';
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
    const lead = { lead_id: id, last_seq: 2, created_at: at, last_activity_at: at };
    await db('leads').insert(lead);
    const named = { conversion_id: id, offer_id: offerId, advertiser_id: advertiserId };
    await db('conversions').insert({ ...named, lead_id: id, seq: 1, created_at: at, status, status_at: status && at });
    await db('lead_events').insert({ ...named, lead_id: id, seq: 1, at, type: 'conversion' });
    if (status) await db('lead_events').insert({ ...named, lead_id: id, seq: 2, at, type: 'status', status });
    return id;
  }

  /** The visitor of a lead comes again. */
  async function visitedAgain(leadId: string, ageHours: number): Promise<void> {
    const at = hoursAgo(ageHours);
    await network.db('lead_events').insert({ lead_id: leadId, seq: 9, at, type: 'touch', partner_id: 'ann' });
    await network.db('leads').where({ lead_id: leadId }).update({ last_activity_at: at });
  }

  it('is counted by age, up to the end of the window', async () => {
    for (const hours of [1, 30, 50, 100, 200, 290, 13 * 24 + 1, 14 * 24 + 1]) await converted(hours);
    await converted(2, 'approved');
    await recountAll(network.db);
    const [silence] = await read();
    assert.deepEqual(silence?.unanswered, { '0-1': 1, '1-3': 2, '3-7': 1, '7-13': 2, '13+': 1, total: 7 });
    assert.deepEqual([silence?.last_call_at, silence?.is_silent], [null, false]);
  });

  it('is counted behind the facts, and the same is told before, between and after', async () => {
    const { db } = network;
    const told = async () => (await read())[0]?.unanswered;
    const before = await told();
    // Only what is older than half a minute is counted; the rest is read from the facts.
    while (!(await countNext(db, DAY_MS))?.isDone);
    const { rows } = await db.raw<{ rows: { sum: number }[] }>(
      'select sum(conversions)::int as sum from unanswered_counts',
    );
    assert.equal(rows[0]?.sum, 8);
    assert.deepEqual(await told(), before);
    const answered = await network.aLead(null);
    await network.aLead(null);
    assert.equal((await told())?.['0-1'], Number(before?.['0-1']) + 2);
    for (const word of ['pending', 'approved', 'approved']) await network.report(answered.conversionId, word);
    assert.equal((await told())?.['0-1'], Number(before?.['0-1']) + 1);
    // What was counted is taken off again by a status that comes later.
    const [old] = await db('conversions').where('created_at', '<', hoursAgo(20)).pluck<string[]>('conversion_id');
    await network.report(old ?? '', 'rejected');
    const after = await told();
    assert.equal(after?.total, Number(before?.total));
    await recountFrom(db, new Date().toISOString());
    assert.deepEqual(await told(), after);
    while (!(await countNext(db, DAY_MS))?.isDone);
    assert.deepEqual(await told(), after);
  });

  it('leads to a list of what to remind of before windows close, page by page and as a file', async () => {
    const soon = [await converted(14 * 24 - 3), await converted(14 * 24 - 2), await converted(14 * 24 - 1)].sort();
    await converted(14 * 24 - 2, 'pending');
    // The window is that of the lead: a visit since then moves its end, away from this list or into it.
    await visitedAgain(await converted(14 * 24 - 2), 1);
    const older = await converted(20 * 24);
    await visitedAgain(older, 14 * 24 - 4);
    soon.push(older);
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
    assert.ok(left > 0.9 * HOUR_MS && left < 1.1 * HOUR_MS, `${left} ms`);
    assert.deepEqual((await list('within_hours=6&advertiser_id=nobody')).items, []);
    assert.equal((await list(`within_hours=6&advertiser_id=${network.advertiserId}`)).items.length, 4);
    const file = await get('/silence/reminders?within_hours=6').set('accept', 'text/csv').expect(200);
    assert.equal(file.text.trim().split('\r\n').length, 5);
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
    assert.deepEqual(await Promise.all(ids.map(tell)), ['open', 'expired', 'rejected']);
  });
});
