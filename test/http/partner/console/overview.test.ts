import assert from 'node:assert/strict';
import { countNext, recountFrom } from '../../../../src/db/counting/counting.ts';
import { MOST_UNCOUNTED } from '../../../../src/db/counting/far-behind.ts';
import { updatePartner } from '../../../../src/db/partners.ts';
import { findZone } from '../../../../src/http/console/session/visit.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { aPostback } from '../../../support/ended-postbacks.ts';
import { createNetwork, type Network } from '../../../support/network-in-database.ts';
import { settingsFor } from '../../../support/postback-settings.ts';
import { MIDDAY } from '../../../support/time-zones.ts';
import type { ConsoleVisitor } from '../../browser-without-scripts.ts';
import { buildConsole, type Console } from '../../build-console.ts';

describe('the overview of the console', () => {
  let database: TestDatabase;
  let network: Network;
  let site: Console;
  let visitor: ConsoleVisitor;

  const show = async (query = '') => {
    const { status, text } = await visitor.get(`/console${query}`);
    assert.equal(status, 200);
    return text;
  };
  const tile = (page: string, name: string) =>
    new RegExp(`<span>${name}</span><strong>([^<]*)<`).exec(page)?.[1] ?? 'no tile';

  before(async () => {
    database = await createTestDatabase();
    network = await createNetwork(database);
  });
  beforeEach(async () => {
    site = await buildConsole(database.db);
    visitor = await site.signedIn();
  });
  after(() => network.close());

  it('shows who the partner is, its link, and a link for its tracker', async () => {
    const page = await show();
    assert.ok(page.includes(`data-copy="${site.partnerId}"`));
    assert.ok(page.includes(`data-copy="http://console.test/${site.partnerId}/"`));
    assert.ok(page.includes(`http://console.test/${site.partnerId}/?ref_id=CLICK_ID`));
    assert.ok((await show('?tracker=keitaro')).includes(`http://console.test/${site.partnerId}/?ref_id={subid}`));
  });

  it('says what to do first: nobody has come, and there is no postback URL', async () => {
    const page = await show();
    assert.match(page, /No visits in these days/);
    assert.match(page, /There is no postback URL.*href="\/console\/postbacks">Set up postbacks/s);
  });

  it('counts what came, each in its tile, by day and by offer, as chart and as table', async () => {
    await updatePartner(database.db, site.partnerId, { postback: settingsFor('https://tracker.example/p?c={ref_id}') });
    await network.aLead(site.partnerId);
    const { leadId } = await network.aLead(site.partnerId);
    await network.touch(leadId, site.partnerId);
    const page = await show(`?show=touches&time_zone=${encodeURIComponent(MIDDAY)}`);
    assert.deepEqual([tile(page, 'Touches'), tile(page, 'Conversions'), tile(page, 'Reward')], ['3', '2', '0']);
    assert.match(page, /<title>[^<]+: 3<\/title>/);
    assert.equal(page.split('<rect class="bar"').length - 1, 2 * 30);
    const [, byOffer = ''] = /href="([^"]+group_by=offer[^"]+)">Download CSV/.exec(page) ?? [];
    const file = await visitor.get(byOffer.replaceAll('&amp;', '&'));
    assert.match(file.text, /^"offer_id","offer_name","touches","conversions"/);
    assert.match(file.text, /^"[^"]+","Card",\d,2,/m);
    assert.match(page, /<th scope="row" class="wrap">Card<\/th>\s*<td class="number" data-label="Conversions">2<\/td>/);
  });

  it("counts nothing of another partner's", async () => {
    await network.aLead(await network.partner());
    assert.equal(tile(await show(), 'Conversions'), '0');
  });

  it('keeps range, time zone and measure in its address', async () => {
    const page = await show('?from=2026-01-05&to=2026-01-07&time_zone=Asia%2FTokyo&show=touches');
    assert.match(page, /name="from"[^>]*value="2026-01-05"|value="2026-01-05"/);
    assert.match(page, /<option value="Asia\/Tokyo" selected>/);
    assert.match(page, /from=2026-01-05&amp;to=2026-01-07&amp;time_zone=Asia%2FTokyo&amp;show=pending/);
  });

  for (const query of [
    '?from=2026-02-30',
    '?from=x',
    '?from=2026-02-02&to=2026-02-01',
    '?from=2020-01-01&to=2026-01-01',
  ]) {
    it(`says what is wrong with a range, and shows the usual one: ${query}`, async () => {
      const page = await show(query);
      assert.match(page, /aria-invalid="true"/);
      assert.match(page, /<p class="error"/);
    });
  }

  for (const query of [
    '?time_zone=Nowhere%2FAtAll',
    '?time_zone=%00',
    '?show=%3Cscript%3E',
    '?tracker=%3Cscript%3E',
    '?from[]=1',
  ]) {
    it(`is shown whatever its address holds: ${query}`, async () => {
      assert.ok(!(await show(query)).includes('<script>'));
    });
  }

  it('takes no offset for a time zone, whose sign Postgres reads the other way', async () => {
    assert.equal(findZone('+02:00'), 'UTC');
    assert.equal(findZone('Europe/Berlin'), 'Europe/Berlin');
    assert.doesNotMatch(await show('?time_zone=%2B02:00'), /\+02:00/);
  });

  it('warns of an endpoint that fails, worst first', async () => {
    await updatePartner(database.db, site.partnerId, { postback: settingsFor('http://tracker.example/p?c={ref_id}') });
    await database.db('partner_endpoints').insert({
      partner_id: site.partnerId,
      origin: 'http://tracker.example',
      consecutive_failures: 12,
      failing_since: database.db.fn.now(),
      recent_attempts: 12,
      recent_failures: 12,
    });
    const page = await show();
    assert.match(
      page,
      /Your endpoint http:\/\/tracker\.example has not .*12 attempts in a row failed.*href="\/console\/deliveries\?state=failed">See why/s,
    );
    assert.ok(page.indexOf('12 attempts in a row') < page.indexOf('Over http anybody'));
  });

  it('proposes a replay of what failed, in the words and the time of the log', async () => {
    await updatePartner(database.db, site.partnerId, { postback: settingsFor('https://tracker.example/p?c={ref_id}') });
    await aPostback(database.db, { partnerId: site.partnerId, attempts: [500] });
    const noticeOf = (page: string) =>
      /<div class="message [^>]*>.*?1 postback failed on .*?<\/div>.*?<\/div>/s.exec(page)?.[0];
    const told = noticeOf(await show());
    assert.ok(told);
    assert.doesNotMatch(told, /\d{4}-\d{2}-\d{2}T[^&]*Z[ .]/);
    assert.equal(told, noticeOf((await visitor.get('/console/deliveries')).text));
  });

  it('stays when figures were asked for too often, which the programs of the partner do not notice', async () => {
    const most = 60;
    for (let count = 0; count < most; count++) await show();
    const page = await show();
    assert.match(page, /Your figures are missing for the moment.*At most 60 reports .* wait a minute/s);
    assert.match(page, /There is no postback URL/);
    assert.equal(tile(page, 'Touches'), 'no tile');
    assert.equal((await visitor.get('/console/deliveries/replays/new')).status, 429);
    assert.equal((await site.call('get', '/stats')).status, 200);
  });

  it('warns of ref_ids that cannot be used, with a sample that is text', async () => {
    await network.touch(network.newLead(), site.partnerId, `<script>${'x'.repeat(40)}`);
    const page = await show();
    assert.match(page, /1 visit came with a ref_id longer than 32 characters, such as &quot;&lt;script&gt;x+&quot;/);
  });

  it('stays without its figures while their counting is far behind', async () => {
    const { db } = database;
    await db.raw(
      `insert into lead_events (lead_id, seq, at, type, partner_id)
       select 'far' || n, 1, now() - interval '2 hours', 'touch', 'other' from generate_series(0, ?::int) n`,
      [MOST_UNCOUNTED],
    );
    await recountFrom(db, new Date(Date.now() - 3 * 60 * 60_000).toISOString());
    const page = await show();
    assert.match(page, /Your figures are missing for the moment.*still being counted; try again in some minutes/s);
    assert.ok(page.includes(`data-copy="http://console.test/${site.partnerId}/"`));
    assert.match(page, /There is no postback URL/);
    assert.doesNotMatch(page, /<nav class="tiles"|By offer|No visits/);
    while (!(await countNext(db, 24 * 60 * 60_000))?.isDone);
    assert.equal(tile(await show(), 'Touches'), '0');
  });
});
