import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { loadCatalogue } from '../../../src/db/catalogue.ts';
import { limitWaiting } from '../../../src/db/limit-waiting.ts';
import { updateOffer } from '../../../src/db/offers.ts';
import { readOfferCap, setOfferCap } from '../../../src/db/prices/offer-caps.ts';
import { createPriceList } from '../../../src/db/prices/price-lists.ts';
import { countLocked, createTestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { assertFields } from '../../support/fields.ts';
import { inParallel } from '../../support/in-parallel.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { createNetwork, postbacksOf, rewardsOf, type Network } from '../../support/network-in-database.ts';
import { settingsFor } from '../../support/postback-settings.ts';
import { capOf, draftOf } from '../../support/price-lists.ts';
import { MIDDAY } from '../../support/time-zones.ts';

describe('the cap of an offer', () => {
  let network: Network;
  let db: Knex;
  let partnerId: string;

  beforeEach(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    partnerId = await network.partner(settingsFor('https://t.example/?c={ref_id}&s={status}&r={reason}'));
  });

  afterEach(() => network.close());

  async function statusOf(word: string) {
    const lead = await network.aLead(partnerId);
    await network.report(lead.conversionId, word, 'paid');
    const price = await db('lead_events')
      .where({ conversion_id: lead.conversionId, type: 'status' })
      .first<{ amount: number; cap: string | null; limit: number | null }>({
        amount: 'price_amount',
        cap: 'price_cap',
        limit: 'price_cap_limit',
      });
    return { ...lead, price };
  }

  async function isOpen(): Promise<boolean> {
    const { offers } = await loadCatalogue(db);
    const offer = offers.find(({ offerId }) => offerId === network.offerId);
    return offer !== undefined && !(offer.closedUntil !== null && Date.parse(offer.closedUntil) > Date.now());
  }

  it('lets conversions beyond it bring nothing, and their partner is told so by 0 and a reason', async () => {
    await setOfferCap(db, network.offerId, capOf());
    const told = [];
    for (const word of ['approved', 'approved', 'approved', 'pending', 'rejected']) told.push(await statusOf(word));
    assert.deepEqual(
      told.map(({ price }) => [price.amount, price.cap, price.limit]),
      [
        [1250, null, null],
        [1250, null, null],
        [0, 'cap_total', 2],
        [0, 'cap_total', 2],
        [0, 'cap_total', 2],
      ],
    );
    for (const { leadId } of told) await settleLatest(db, leadId);
    const sent = await Promise.all(told.map(({ conversionId }) => postbacksOf(db, conversionId)));
    assert.deepEqual(
      sent.map(([postback]) => [postback?.status, postback?.reason]),
      [
        ['approved', 'paid'],
        ['approved', 'paid'],
        ['approved', 'cap_total'],
        ['pending', 'cap_total'],
        ['rejected', 'paid'],
      ],
    );
    assert.deepEqual(
      (await rewardsOf(db, told[2]?.conversionId ?? '')).map(({ kind, amount }) => [kind, amount]),
      [['booked', 0]],
    );
  });

  it('counts what was approved before it was made, and exactly, however many are approved at once', async () => {
    await statusOf('approved');
    await setOfferCap(db, network.offerId, capOf({ day: 10, total: 40 }));
    const leads = await inParallel(Array.from({ length: 60 }), 20, () => statusOf('approved'));
    assert.equal(leads.filter(({ price }) => price.cap === null).length, 9);
    assert.equal(leads.filter(({ price }) => price.cap === 'cap_day').length, 30);
    assert.equal(leads.filter(({ price }) => price.cap === 'cap_total').length, 21);
    assertFields(await readOfferCap(db, network.offerId), {
      approvedToday: 61,
      approvedInAll: 61,
      reached: 'cap_total',
      closedAt: null,
    });
  });

  it('goes before the price of a list, whose place and tier are kept', async () => {
    await createPriceList(db, network.offerId, draftOf({ counts: 'offer' }));
    await setOfferCap(db, network.offerId, capOf({ total: 1 }));
    await statusOf('approved');
    const { conversionId } = await statusOf('approved');
    const event = await db('lead_events').where({ conversion_id: conversionId, type: 'status' }).first<object>('*');
    assertFields(event, { price_amount: 0, price_cap: 'cap_total', price_counted: 1, price_tier_from: 0 });
  });

  it('closes the offer with the last conversion that it allows; later approvals are paid as ever', async () => {
    const before = await loadCatalogue(db);
    await setOfferCap(db, network.offerId, capOf({ beyond: 'close_offer' }));
    await statusOf('approved');
    assert.equal(await isOpen(), true);
    await statusOf('approved');
    assert.equal(await isOpen(), false);
    assert.ok((await loadCatalogue(db)).version > before.version, 'processes would not look');
    assertFields((await statusOf('approved')).price, { amount: 1250, cap: null });
    const closed = await readOfferCap(db, network.offerId);
    assertFields(closed, { reached: 'cap_total', approvedInAll: 3, closedUntil: null });
    assert.ok(closed?.closedAt);
  });

  it('closes the offer for good where the caps of the day and of all are used up together', async () => {
    await setOfferCap(db, network.offerId, capOf({ day: 2, total: 2, beyond: 'close_offer' }));
    const leads = await Promise.all([1, 2, 3].map(() => network.aLead(partnerId)));
    const answers = await Promise.all(leads.map(({ conversionId }) => network.report(conversionId, 'approved')));
    assert.deepEqual(
      answers.map(({ result }) => result),
      ['recorded', 'recorded', 'recorded'],
    );
    assertFields(await readOfferCap(db, network.offerId), { reached: 'cap_total', closedUntil: null });
    assert.equal(await isOpen(), false);
  });

  it('holds up no change of the catalogue while the approval that closes the offer waits for something', async () => {
    await setOfferCap(db, network.offerId, capOf({ total: 1, beyond: 'close_offer' }));
    const { leadId, conversionId } = await network.aLead(partnerId);
    const holder = await db.transaction();
    // Before Postgres looks for a deadlock and ends one of the two.
    await limitWaiting(holder, 500);
    await holder('outbox').where({ lead_id: leadId }).forUpdate().select('lead_id');
    const approved = network.report(conversionId, 'approved');
    await eventually(async () => assert.equal(await countLocked(db), 1, 'the approval does not wait'));
    // Whoever holds what it waits for changes the catalogue as well.
    await updateOffer(holder, network.offerId, { name: 'Gold card' });
    await holder.commit();
    assert.equal((await approved).result, 'recorded');
    assert.equal(await isOpen(), false);
  });

  it('of a day closes the offer until the next day of its time zone', async () => {
    await setOfferCap(db, network.offerId, capOf({ day: 1, total: null, beyond: 'close_offer' }));
    await statusOf('approved');
    assert.equal(await isOpen(), false);
    const { rows } = await db.raw<{ rows: [{ midnight: string }] }>(
      `select (date_trunc('day', now() at time zone :zone) + interval '1 day') at time zone :zone as midnight`,
      { zone: MIDDAY },
    );
    assert.equal((await readOfferCap(db, network.offerId))?.closedUntil, rows[0].midnight);
  });

  it('closes the offer at once when it is used up already, and opens it when it is raised or taken away', async () => {
    await statusOf('approved');
    await statusOf('approved');
    const closed = await setOfferCap(db, network.offerId, capOf({ beyond: 'close_offer' }));
    assert.ok(closed?.closedAt);
    assert.equal(await isOpen(), false);
    assertFields(await setOfferCap(db, network.offerId, capOf({ total: 3, beyond: 'close_offer' })), {
      closedAt: null,
    });
    assert.equal(await isOpen(), true);
    await setOfferCap(db, network.offerId, capOf({ beyond: 'close_offer' }));
    assert.equal(await setOfferCap(db, network.offerId, null), null);
    assert.equal(await isOpen(), true);
    assert.equal(await readOfferCap(db, network.offerId), null);
    assert.equal(await setOfferCap(db, 'no-such-offer', capOf()), undefined);
  });
});
