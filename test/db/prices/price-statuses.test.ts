import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createOffer } from '../../../src/db/offers.ts';
import { createPriceList } from '../../../src/db/prices/price-lists.ts';
import { readCounts } from '../../../src/db/prices/approval-counters.ts';
import { newConversionId } from '../../../src/new-ids.ts';
import { createTestDatabase } from '../../support/database.ts';
import { inParallel } from '../../support/in-parallel.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { createNetwork, rewardsOf, type Network } from '../../support/network-in-database.ts';
import { draftOf } from '../../support/price-lists.ts';
import { MIDDAY } from '../../support/time-zones.ts';

type Frozen = { status: string; amount: number; version: number; tier: number | null; counted: number | null };

describe('R13: the price of a status', () => {
  let network: Network;
  let db: Knex;
  let partnerId: string;

  beforeEach(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    partnerId = await network.partner();
  });

  afterEach(() => network.close());

  async function pricesOf(conversionId: string): Promise<Frozen[]> {
    return await db('lead_events')
      .where({ conversion_id: conversionId, type: 'status' })
      .orderBy('seq')
      .select<Frozen[]>('status', {
        amount: 'price_amount',
        version: 'price_version',
        tier: 'price_tier_from',
        counted: 'price_counted',
      });
  }

  async function lastPriceOf(conversionId: string): Promise<Frozen> {
    const last = (await pricesOf(conversionId)).at(-1);
    assert.ok(last);
    return last;
  }

  /** A new lead's conversion with these statuses, one after the other. @returns its last price */
  async function priceAfter(...words: string[]): Promise<Frozen> {
    const { conversionId } = await network.aLead(partnerId);
    for (const word of words) await network.report(conversionId, word);
    return await lastPriceOf(conversionId);
  }

  async function countOf(): Promise<number[]> {
    const rows = await db('approval_counts').orderBy('counter_id').select<{ approved: number }[]>('approved');
    return rows.map(({ approved }) => approved);
  }

  it("is the offer's reward as long as no list applies", async () => {
    await createPriceList(db, network.offerId, draftOf({ effectiveFrom: '2036-01-01T00:00:00.000Z' }));
    assert.deepEqual(await priceAfter('approved'), {
      status: 'approved',
      amount: 1250,
      version: 1,
      tier: null,
      counted: null,
    });
  });

  it('comes from the tier of its place among the approved, and keeps tier, place and version', async () => {
    await createPriceList(db, network.offerId, draftOf());
    const prices = [];
    for (let place = 0; place < 4; place++) prices.push(await priceAfter('approved'));
    assert.deepEqual(
      prices.map(({ amount, tier, counted, version }) => ({ amount, tier, counted, version })),
      [
        { amount: 1000, tier: 0, counted: 0, version: 1 },
        { amount: 1000, tier: 0, counted: 1, version: 1 },
        { amount: 1200, tier: 2, counted: 2, version: 1 },
        { amount: 1200, tier: 2, counted: 3, version: 1 },
      ],
    );
  });

  it('counts what was approved before the list was made', async () => {
    await priceAfter('approved');
    await priceAfter('approved', 'rejected', 'approved');
    await createPriceList(db, network.offerId, draftOf({ period: 'day', timeZone: MIDDAY }));
    await createPriceList(db, network.offerId, draftOf({ counts: 'offer' }));
    assert.deepEqual(await countOf(), [2, 2]);
    assert.deepEqual([(await priceAfter('approved')).counted, await countOf()], [2, [3, 3]]);
  });

  it('of pending and rejected is the one of this moment, and they count nothing', async () => {
    await createPriceList(db, network.offerId, draftOf());
    assert.deepEqual(
      [await priceAfter('pending'), await priceAfter('rejected')].map(({ counted }) => counted),
      [0, 0],
    );
    await priceAfter('approved');
    await priceAfter('approved');
    const pending = await priceAfter('pending');
    assert.deepEqual([pending.amount, pending.tier, pending.counted], [1200, 2, 2]);
    assert.deepEqual(await countOf(), [2]);
  });

  it('of a correction back to approved is the one of the first approval; it counts once, and a reversal never back', async () => {
    await createPriceList(db, network.offerId, draftOf());
    const { conversionId } = await network.aLead(partnerId);
    await network.report(conversionId, 'approved');
    await network.report(conversionId, 'rejected');
    assert.deepEqual(await countOf(), [1]);
    await priceAfter('approved');
    await priceAfter('approved');
    await network.report(conversionId, 'approved');
    assert.deepEqual(await lastPriceOf(conversionId), {
      status: 'approved',
      amount: 1000,
      version: 1,
      tier: 0,
      counted: 0,
    });
    assert.deepEqual(await countOf(), [3]);
  });

  it('is what the reward is booked with, whatever was approved before it was settled', async () => {
    await createPriceList(db, network.offerId, draftOf());
    const first = await network.aLead(partnerId);
    await network.report(first.conversionId, 'approved');
    await priceAfter('approved');
    const third = await network.aLead(partnerId);
    await network.report(third.conversionId, 'approved');
    for (const { leadId } of [third, first]) await settleLatest(db, leadId);
    assert.deepEqual(
      [(await rewardsOf(db, first.conversionId))[0]?.amount, (await rewardsOf(db, third.conversionId))[0]?.amount],
      [1000, 1200],
    );
  });

  it("counts conversions of the house, and those of the advertiser's other offers, which have no list", async () => {
    await createPriceList(db, network.offerId, draftOf());
    const { conversionId: ofHouse } = await network.aLead(null);
    await network.report(ofHouse, 'approved');
    assert.equal((await lastPriceOf(ofHouse)).counted, 0);
    const { offer_id: offerId } = await createOffer(db, {
      advertiser_id: network.advertiserId,
      name: 'Loan',
      url: 'https://bank.example/loan?click={conversion_id}',
      reward: { amount: 500, currency: 'EUR' },
    });
    const { leadId } = await network.aLead(partnerId);
    const other = newConversionId();
    const conversion = { conversionId: other, offerId, advertiserId: network.advertiserId };
    await network.clicks.record({ leadId, touch: null, conversion });
    await network.report(other, 'approved');
    assert.equal((await lastPriceOf(other)).amount, 500);
    assert.equal((await priceAfter('approved')).counted, 2);
  });

  it('comes from the list of the partner who holds the lead, before the one for all', async () => {
    const rival = await network.partner();
    await createPriceList(db, network.offerId, draftOf());
    const tiers = [{ from: 0, amount: 3000 }];
    await createPriceList(db, network.offerId, draftOf({ partnerId: rival, tiers }));
    const { leadId, conversionId } = await network.aLead(partnerId);
    await network.report(conversionId, 'pending');
    await network.touch(leadId, rival);
    await network.report(conversionId, 'approved');
    assert.deepEqual(
      (await pricesOf(conversionId)).map(({ amount }) => amount),
      [1000, 3000],
    );
    assert.deepEqual([(await priceAfter('approved')).amount, (await priceAfter('approved')).amount], [1000, 1200]);
  });

  it('comes from the list that applies when it is approved', async () => {
    await createPriceList(db, network.offerId, draftOf());
    const before = await priceAfter('approved');
    await createPriceList(db, network.offerId, draftOf({ tiers: [{ from: 0, amount: 2000 }] }));
    const after = await priceAfter('approved');
    assert.deepEqual(
      [before, after].map(({ amount, version }) => [amount, version]),
      [
        [1000, 1],
        [2000, 2],
      ],
    );
  });

  it('is the right one for each of many that are approved at a border of tiers at once, and all are counted', async () => {
    const tiers = [0, 40, 80].map((from) => ({ from, amount: 1000 + from }));
    await createPriceList(db, network.offerId, draftOf({ tiers, period: 'month', timeZone: MIDDAY }));
    const leads = await inParallel(Array.from({ length: 120 }), 20, () => network.aLead(partnerId));
    await inParallel(leads, 60, ({ conversionId }) => network.report(conversionId, 'approved'));
    const prices = await inParallel(leads, 10, ({ conversionId }) => lastPriceOf(conversionId));
    const places = prices.map(({ counted }) => counted ?? NaN).sort((a, b) => a - b);
    assert.deepEqual(
      places,
      leads.map((_, index) => index),
    );
    for (const { counted, tier, amount } of prices) {
      const expected = Math.floor((counted ?? NaN) / 40) * 40;
      assert.deepEqual([tier, amount], [expected, 1000 + expected]);
    }
    assert.deepEqual(await countOf(), [120]);
  });

  it('is right, and counted, while lists are made and conversions are corrected at the same time', async () => {
    const leads = await inParallel(Array.from({ length: 90 }), 20, () => network.aLead(partnerId));
    await Promise.all([
      inParallel([...leads.entries()], 30, async ([index, { conversionId }]) => {
        await network.report(conversionId, 'approved');
        if (index % 3 === 0) await network.report(conversionId, 'rejected');
        if (index % 6 === 0) await network.report(conversionId, 'approved');
      }),
      ...(['day', 'all', 'month'] as const).map((period) =>
        createPriceList(
          db,
          network.offerId,
          draftOf({ period, counts: period === 'all' ? 'offer' : 'advertiser', timeZone: MIDDAY }),
        ),
      ),
    ]);
    assert.deepEqual(await countOf(), [90, 90, 90]);
    const [counter] = await db('approval_counters')
      .where({ period: 'all' })
      .select<{ counter_id: number }[]>('counter_id');
    const key = { counterId: counter?.counter_id ?? 0, periodStart: '1970-01-01' };
    assert.deepEqual([...(await readCounts(db, [key])).values()], [90]);
  });
});
