import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createPartner, updatePartner } from '../../../../src/db/partners.ts';
import { createReplay } from '../../../../src/db/replays/replays.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { aPostback } from '../../../support/ended-postbacks.ts';
import { settingsFor } from '../../../support/postback-settings.ts';
import type { ConsoleVisitor } from '../../browser-without-scripts.ts';
import { buildConsole, type Console } from '../../build-console.ts';

const HOUR_MS = 3_600_000;

describe('replays in the console', () => {
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

  const range = () => ({
    from: new Date(Date.now() - HOUR_MS).toISOString(),
    to: new Date(Date.now() + HOUR_MS).toISOString(),
  });

  it('are proposed where something failed, with numbers, before anything is sent', async () => {
    await aPostback(db, { partnerId, attempts: [500] });
    const older = await aPostback(db, { partnerId, status: 'pending', attempts: [500] });
    await aPostback(db, { partnerId, conversionId: older.conversionId, seq: 4, state: 'delivered', attempts: [200] });
    assert.match((await visitor.get('/console/deliveries')).text, /1 postback failed on /);
    const html = (await visitor.get(`/console/deliveries/replays/new?${new URLSearchParams(range()).toString()}`)).text;
    assert.match(html, /1 postback will be sent\./);
    assert.match(html, /1 is skipped because a newer status of the conversion was delivered/);
    assert.equal((await db('replays')).filter((row: { partner_id: string }) => row.partner_id === partnerId).length, 0);
  });

  it('show how far they are, and can be paused, resumed and cancelled', async () => {
    for (let count = 0; count < 3; count++) await aPostback(db, { partnerId, attempts: [500] });
    const started = await visitor.post('/console/deliveries/replays', range());
    assert.equal(started.status, 303);
    const address = started.headers['location'] as string;
    const see = async () => (await visitor.get(address)).text;
    await db('replays').where({ partner_id: partnerId }).update({ delivered: 1, refused: 1 });
    assert.match(await see(), /<strong>2 of 3<\/strong>/);
    assert.match(await see(), /<progress value="2" max="3"/);
    assert.match(await see(), /hx-trigger="every 1s"/);
    assert.equal((await visitor.post(`${address}/pause`)).status, 303);
    assert.match(await see(), /It pauses as soon as the calls under way have ended/);
    assert.equal((await visitor.post(`${address}/resume`)).status, 303);
    assert.equal((await visitor.post(`${address}/cancel`)).status, 303);
    assert.match(await see(), /It ends as soon as/);
    const refused = await visitor.post(`${address}/resume`);
    assert.equal(refused.status, 409);
    assert.match(refused.text, /is being cancelled/);
    assert.match((await visitor.get('/console/deliveries/replays')).text, /2 of 3/);
  });

  it('stand still when they have ended', async () => {
    await aPostback(db, { partnerId, attempts: [500] });
    const { replay_id } = await createReplay(db, { partnerId, ...range() });
    await db('replays').where({ replay_id }).update({ state: 'done', delivered: 1, ended_at: db.fn.now() });
    const html = (await visitor.get(`/console/deliveries/replays/${replay_id}`)).text;
    assert.doesNotMatch(html, /hx-trigger|Pause|Cancel/);
  });

  it('are not begun with times that cannot be read, and nothing typed is lost', async () => {
    const answer = await visitor.post('/console/deliveries/replays', {
      from: 'soon',
      to: '',
      rate_per_second: 'quick',
    });
    assert.equal(answer.status, 422);
    assert.match(answer.text, /Give a date and a time/);
    assert.match(answer.text, /value="quick"/);
  });

  it('say why they cannot begin', async () => {
    await updatePartner(db, partnerId, { postback: null });
    const answer = await visitor.post('/console/deliveries/replays', range());
    assert.equal(answer.status, 409);
    assert.match(answer.text, /There is no postback URL to send to/);
  });

  it("are nobody else's", async () => {
    const { partner } = await createPartner(db, {
      name: 'Other',
      postback: settingsFor('https://t.example/?c={ref_id}'),
    });
    await aPostback(db, { partnerId: partner.partner_id, attempts: [500] });
    const { replay_id } = await createReplay(db, { partnerId: partner.partner_id, ...range() });
    assert.equal((await visitor.get(`/console/deliveries/replays/${replay_id}`)).status, 404);
    await visitor.get('/console');
    assert.equal((await visitor.post(`/console/deliveries/replays/${replay_id}/cancel`)).status, 404);
    assert.ok(!(await visitor.get('/console/deliveries/replays')).text.includes(replay_id));
  });
});
