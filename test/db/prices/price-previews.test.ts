import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { setOfferCap } from '../../../src/db/prices/offer-caps.ts';
import { createPriceList } from '../../../src/db/prices/price-lists.ts';
import { previewPriceList } from '../../../src/db/prices/price-previews.ts';
import { createTestDatabase } from '../../support/database.ts';
import { assertFields } from '../../support/fields.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { capOf, draftOf } from '../../support/price-lists.ts';

const NOTHING_LEFT_OUT = { house: 0, reversed: 0, other_list: 0, other_currency: 0, unsettled: 0 };

describe('the preview of a price list', () => {
  let network: Network;
  let db: Knex;
  let ann: string;
  let bob: string;

  beforeEach(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    [ann, bob] = [await network.partner(), await network.partner()];
  });

  afterEach(() => network.close());

  /** A settled conversion; `at` moves it into the past. */
  async function settled(partnerId: string | null, { words = ['approved'], at = '' } = {}): Promise<string> {
    const { leadId, conversionId } = await network.aLead(partnerId);
    for (const word of words) {
      await network.report(conversionId, word);
      await settleLatest(db, leadId);
    }
    if (at) await db('lead_events').where({ conversion_id: conversionId, type: 'status' }).update({ at });
    return conversionId;
  }

  const preview = (changes: Parameters<typeof draftOf>[0] = {}, asked = {}) =>
    previewPriceList(db, network.offerId, { draft: draftOf(changes), byPartner: false, ...asked });

  it('says what the approvals would have cost by tier, beside what they cost, and changes nothing', async () => {
    for (let n = 0; n < 3; n++) await settled(ann);
    await settled(bob);
    const told = await preview({}, { byPartner: true });
    assertFields(told, { approved: 4, left_out: NOTHING_LEFT_OUT, conversions: 4, was: 5000, would_be: 4400 });
    assert.deepEqual(told?.tiers, [
      { from: 0, amount: 1000, conversions: 2, was: 2500, would_be: 2000 },
      { from: 2, amount: 1200, conversions: 2, was: 2500, would_be: 2400 },
    ]);
    assert.deepEqual(
      told?.partners?.map((partner) => [partner.partner_id, partner.conversions, partner.was, partner.would_be]),
      [
        [ann, 3, 3750, 3200],
        [bob, 1, 1250, 1200],
      ],
    );
    assert.deepEqual(await db('approval_counters').select('*'), []);
  });

  it('leaves out what it would not have changed, but counts it', async () => {
    await settled(null);
    await settled(ann, { words: ['approved', 'rejected'] });
    await settled(ann, { words: ['approved', 'rejected', 'approved'] });
    await settled(ann);
    const { conversionId } = await network.aLead(ann);
    await network.report(conversionId, 'approved');
    await createPriceList(db, network.offerId, draftOf({ partnerId: bob }));
    await settled(bob);
    assertFields(await preview(), {
      approved: 6,
      left_out: { ...NOTHING_LEFT_OUT, house: 1, reversed: 1, other_list: 1, unsettled: 1 },
      conversions: 2,
      was: 2500,
      would_be: 2400,
    });
    assertFields(await preview({ partnerId: bob }), { conversions: 1, was: 1200, would_be: 1200 });
  });

  it('counts from the beginning of each period, also what was approved before the time in question', async () => {
    for (const at of ['2026-03-30T21:30Z', '2026-03-31T21:30Z', '2026-03-31T22:30Z', '2026-04-02Z', '2026-04-03Z']) {
      await settled(ann, { at });
    }
    const march = { from: '2026-03-31', to: '2026-05-01' };
    const byMonth = await preview({ period: 'month', timeZone: 'Europe/Berlin' }, march);
    assertFields(byMonth, { from: '2026-03-30T22:00:00.000Z', to: '2026-04-30T22:00:00.000Z' });
    // The second of March; then the first, second and third of April.
    assert.deepEqual(
      byMonth?.tiers.map(({ conversions }) => conversions),
      [3, 1],
    );
    const ever = await preview({ period: 'all' }, march);
    assert.deepEqual(
      ever?.tiers.map(({ conversions }) => conversions),
      [1, 3],
    );
  });

  it('begins a day with its first hour where clocks are set back to midnight, and that hour comes twice', async () => {
    for (const at of ['2026-11-01T03:50Z', '2026-11-01T04:10Z', '2026-11-01T05:10Z', '2026-11-01T06:10Z']) {
      await settled(ann, { at });
    }
    const inHavana = { period: 'month', timeZone: 'America/Havana' } as const;
    assertFields(await preview(inHavana, { from: '2026-11-01', to: '2026-11-02' }), {
      from: '2026-11-01T04:00:00.000Z',
      approved: 3,
    });
    // The first hour of November is counted, although it lies before the time in question.
    const later = await preview(inHavana, { from: '2026-11-01T05:00:00.000Z', to: '2026-11-02' });
    assert.deepEqual(
      later?.tiers.map(({ conversions }) => conversions),
      [1, 1],
    );
  });

  it('pays nothing for what a cap had left without pay', async () => {
    await setOfferCap(db, network.offerId, capOf({ total: 1 }));
    await settled(ann);
    await settled(ann);
    assertFields(await preview(), { conversions: 2, was: 1250, would_be: 1000 });
  });

  it('is refused for a time that cannot be, is too long, or a draft that cannot be made', async () => {
    const from = '2026-01-01';
    await assert.rejects(preview({}, { from, to: from }), { kind: 'invalid', message: /to: must be later/ });
    await assert.rejects(preview({}, { from: '2024-01-01', to: from }), { message: /from: must be 400 days/ });
    await assert.rejects(preview({ currency: 'EUR' }), { message: /currency: must be USD/ });
    assert.equal(await previewPriceList(db, 'no-such-offer', { draft: draftOf(), byPartner: true }), undefined);
  });
});
