import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createOffer } from '../../../src/db/offers.ts';
import { setOfferCap } from '../../../src/db/prices/offer-caps.ts';
import { createPriceList, listPriceLists } from '../../../src/db/prices/price-lists.ts';
import { createTestDatabase } from '../../support/database.ts';
import { assertFields } from '../../support/fields.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { capOf, draftOf } from '../../support/price-lists.ts';
import { MIDDAY } from '../../support/time-zones.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';

const DRAFT = {
  ...{ 'amount.0': '10', 'from.1': '1', 'amount.1': '12.50', 'from.2': '', 'amount.2': '' },
  ...{ counts: 'advertiser', period: 'month', time_zone: MIDDAY, starts: '', partner_id: '' },
};

describe('the pages of prices', () => {
  let network: Network;
  let db: Knex;
  let site: OpsConsole;
  let path: string;

  beforeEach(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    site = buildOpsConsole(network);
    path = `/ops/prices/${network.offerId}`;
  });
  afterEach(async () => {
    await network.close();
    assert.deepEqual(site.logged, []);
  });

  async function approve(): Promise<void> {
    const { leadId, conversionId } = await network.aLead(await network.partner());
    await network.report(conversionId, 'approved');
    await settleLatest(db, leadId);
  }

  /** What a page says, without its marks. */
  const textOf = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

  it('show what the next conversion of each offer brings and why, and how far its cap is used up', async () => {
    await createPriceList(db, network.offerId, draftOf());
    await setOfferCap(db, network.offerId, capOf({ day: 5, total: null }));
    await approve();
    await approve();
    await createOffer(db, {
      ...{ advertiser_id: network.advertiserId, name: '<script>x</script>', reward: { amount: 700, currency: 'EUR' } },
      url: 'https://bank.example/?c={conversion_id}',
    });
    const browser = await site.signedInAs('read');
    const { text } = await browser.get('/ops/prices');
    const said = textOf(text);
    assert.match(
      said,
      /Card 12\.00 USD tier from 2: 2 conversions of the advertiser were approved so far 2 of 5 today/,
    );
    assert.match(said, /7\.00 EUR its reward; no list applies none/);
    assert.ok(!text.includes('<script>x'));
    const offer = await browser.get(path);
    assert.match(
      textOf(offer.text),
      /The next approved conversion brings 12\.00 USD , because 2 conversions of the advertiser were approved so far/,
    );
    assert.doesNotMatch(offer.text, /Draft a price list|Save the cap/);
  });

  it('draft a list, with what the last 30 days would have cost, and make it', async () => {
    await approve();
    await approve();
    const browser = await site.signedIn();
    const blank = await browser.get(`${path}/new`);
    assert.match(
      textOf(blank.text),
      /2 conversions cost 25\.00 USD . Under this draft they would have cost 25\.00 USD , the same/,
    );
    const preview = await browser.post(`${path}/preview`, DRAFT);
    assert.match(textOf(preview.text), /would have cost 22\.50 USD , 10\.0 % less/);
    assert.equal((await listPriceLists(db, network.offerId)).length, 0);
    const made = await browser.post(path, DRAFT);
    assert.equal(made.status, 303);
    const [list] = await listPriceLists(db, network.offerId);
    assertFields(list, { version: 1, period: 'month', time_zone: MIDDAY, state: 'current', partner_id: null });
    assert.deepEqual(list?.tiers, [
      { from: 0, amount: 1000 },
      { from: 1, amount: 1250 },
    ]);
    assert.match(textOf((await browser.get(path)).text), /Version 1 for all current .* 10\.00 from 0, 12\.50 from 1/);
  });

  it('say what a draft would have cost before the button that makes it, whoever goes by keyboard or on a phone', async () => {
    const { text } = await (await site.signedInAs('admin')).get(`${path}/new`);
    const places = ['id="preview"', '>Preview</button>', '>Make this list</button>'].map((part) => text.indexOf(part));
    assert.ok(places.every((place) => place > 0));
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    );
  });

  it('keep what was typed, and say what is wrong beside its field', async () => {
    const browser = await site.signedIn();
    await browser.get(`${path}/new`);
    const wrong = { ...DRAFT, 'amount.0': '10.005', 'from.1': 'x', time_zone: 'Middle/Earth' };
    const answer = await browser.post(path, wrong);
    assert.equal(answer.status, 422);
    assert.match(answer.text, /must be an amount of USD, such as 12\.50/);
    assert.match(answer.text, /must be a whole number, such as 100/);
    assert.match(answer.text, /value="10\.005"/);
    const other = await browser.post(path, { ...DRAFT, time_zone: 'Middle/Earth', starts: '2020-13-01' });
    assert.match(other.text, /must be the IANA name of a time zone/);
    assert.match(other.text, /must be a date/);
    const unknown = await browser.post(path, { ...DRAFT, partner_id: 'nobody' });
    assert.match(unknown.text, /there is no partner nobody/);
    const range = await browser.post(`${path}/preview`, { ...DRAFT, preview_from: "1'--", preview_to: '' });
    assert.match(range.text, /must be a day, such as/);
    assert.equal((await listPriceLists(db, network.offerId)).length, 0);
  });

  it('give more rows for tiers when they are asked for', async () => {
    const browser = await site.signedIn();
    const rowsOf = (text: string) => text.match(/name="amount\.\d+"/g)?.length ?? 0;
    const before = rowsOf((await browser.get(`${path}/new`)).text);
    const after = rowsOf((await browser.post(`${path}/preview`, { ...DRAFT, more: 'yes' })).text);
    assert.ok(after > before, `${before}, then ${after}`);
  });

  it('set, change and remove the cap', async () => {
    const browser = await site.signedIn();
    await browser.get(path);
    const cap = { day: '', total: '1', time_zone: 'UTC', beyond: 'close_offer' };
    assert.equal((await browser.post(`${path}/cap`, { ...cap, total: 'many' })).status, 422);
    assert.equal((await browser.post(`${path}/cap`, cap)).status, 303);
    await approve();
    assert.match(textOf((await browser.get(path)).text), /The offer is closed .* 1 approved in all, the cap is 1/);
    assert.equal((await browser.post(`${path}/cap/remove`)).status, 303);
    assert.match(textOf((await browser.get(path)).text), /None: the offer takes as many conversions as come/);
  });

  it('say that the next conversion brings nothing once a cap is used up', async () => {
    await createPriceList(db, network.offerId, draftOf());
    await setOfferCap(db, network.offerId, capOf({ total: 1 }));
    const browser = await site.signedInAs('read');
    assert.match(textOf((await browser.get('/ops/prices')).text), /Card 10\.00 USD tier from 0/);
    await approve();
    assert.match(textOf((await browser.get('/ops/prices')).text), /Card 0\.00 USD the cap is used up 1 of 1 in all/);
    assert.match(
      textOf((await browser.get(path)).text),
      /brings 0\.00 USD , because the cap is used up\. It would bring 10\.00 USD/,
    );
  });

  it('let nobody make a list or a cap whose role is too low', async () => {
    const browser = await site.signedInAs('operate');
    const drafted = await browser.get(`${path}/new`);
    assert.equal(drafted.status, 200);
    assert.doesNotMatch(drafted.text, /Make this list/);
    for (const [address, fields] of [
      [path, DRAFT],
      [`${path}/cap`, { total: '1' }],
      [`${path}/cap/remove`, {}],
    ] as const) {
      assert.equal((await browser.post(address, fields)).status, 403);
    }
    assert.equal((await (await site.signedInAs('read')).get(`${path}/new`)).status, 403);
  });

  it('are not there for an offer that is not', async () => {
    const browser = await site.signedIn();
    for (const address of ['/ops/prices/no-such-offer', '/ops/prices/no-such-offer/new']) {
      assert.equal((await browser.get(address)).status, 404);
    }
  });
});
