import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { updateOffer } from '../../../src/db/offers.ts';
import { createPriceList, listPriceLists } from '../../../src/db/prices/price-lists.ts';
import { createTestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { assertFields } from '../../support/fields.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { draftOf } from '../../support/price-lists.ts';

const LONG_AGO = '2026-01-01T00:00:00.000Z';
const FAR_AHEAD = '2036-01-01T00:00:00.000Z';

describe("an offer's price lists", () => {
  let network: Network;
  let db: Knex;

  beforeEach(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
  });

  afterEach(() => network.close());

  async function approve(): Promise<void> {
    const { conversionId } = await network.aLead(await network.partner());
    await network.report(conversionId, 'approved');
  }

  it('are versions that stay as they were given, each with its state', async () => {
    const partnerId = await network.partner();
    const first = await createPriceList(db, network.offerId, draftOf());
    assertFields(first, { version: 1, partner_id: null, state: 'current', ...rowOf(draftOf()) });
    await createPriceList(db, network.offerId, draftOf({ effectiveFrom: FAR_AHEAD }));
    await createPriceList(db, network.offerId, draftOf({ effectiveFrom: FAR_AHEAD, counts: 'offer' }));
    await createPriceList(db, network.offerId, draftOf({ partnerId }));
    await createPriceList(db, network.offerId, draftOf({ period: 'week' }));
    assert.deepEqual(
      (await listPriceLists(db, network.offerId)).map((list) => [list.partner_id, list.version, list.state]),
      [
        [null, 3, 'coming'],
        [null, 2, 'superseded'],
        [null, 4, 'current'],
        [partnerId, 1, 'current'],
        [null, 1, 'past'],
      ],
    );
  });

  it('get numbers without gaps when several are made at once', async () => {
    // Whoever has waited for too long is told to try again.
    const make = () => eventually(() => createPriceList(db, network.offerId, draftOf()));
    await Promise.all([1, 2, 3, 4, 5].map(make));
    const versions = (await listPriceLists(db, network.offerId)).map(({ version }) => version);
    assert.deepEqual(versions.sort(), [1, 2, 3, 4, 5]);
  });

  it('R13: are never changed or deleted, not even by hand', async () => {
    await createPriceList(db, network.offerId, draftOf());
    await assert.rejects(db('price_lists').update({ version: 7 }), /never changed or deleted/);
    await assert.rejects(db('price_lists').delete(), /never changed or deleted/);
    await assert.rejects(db.raw('truncate price_lists'), /never changed or deleted/);
  });

  it('R13: begin in the past only when nothing was approved since', async () => {
    const began = await createPriceList(db, network.offerId, draftOf({ effectiveFrom: LONG_AGO }));
    assertFields(began, { effective_from: LONG_AGO, state: 'current' });
    await approve();
    await assert.rejects(createPriceList(db, network.offerId, draftOf({ effectiveFrom: LONG_AGO })), {
      kind: 'invalid',
      message: /effective_from: must not lie in the past: .* were approved since.* keep their price/,
    });
    assertFields(await createPriceList(db, network.offerId, draftOf()), { version: 2, state: 'current' });
  });

  it('begin with a day of their time zone when a date is given', async () => {
    const draft = draftOf({ effectiveFrom: '2036-07-01', timeZone: 'Europe/Berlin' });
    assertFields(await createPriceList(db, network.offerId, draft), { effective_from: '2036-06-30T22:00:00.000Z' });
  });

  it('are in the currency of the offer, which then keeps it', async () => {
    await assert.rejects(createPriceList(db, network.offerId, draftOf({ currency: 'EUR' })), {
      kind: 'invalid',
      message: /currency: must be USD, the currency of offer/,
    });
    await updateOffer(db, network.offerId, { reward: { amount: 900, currency: 'EUR' } });
    await createPriceList(db, network.offerId, draftOf({ currency: 'EUR' }));
    await assert.rejects(updateOffer(db, network.offerId, { reward: { amount: 900, currency: 'USD' } }), {
      kind: 'invalid',
      message: /reward.currency: must stay EUR/,
    });
    assertFields(await updateOffer(db, network.offerId, { reward: { amount: 800, currency: 'EUR' } }), {
      reward: { amount: 800, currency: 'EUR' },
    });
  });

  it('are refused for a partner or a time zone that is not there, and there are none of an unknown offer', async () => {
    await assert.rejects(createPriceList(db, network.offerId, draftOf({ partnerId: 'nobody' })), {
      message: /partner_id: there is no partner nobody/,
    });
    await assert.rejects(
      createPriceList(db, network.offerId, draftOf({ timeZone: 'Middle/Earth', period: 'day' })).catch(
        (error: unknown) => {
          // Node refuses it first, if it does not know it either.
          if (error instanceof RangeError) throw Object.assign(new Error('invalid'), { kind: 'invalid' });
          throw error;
        },
      ),
      { kind: 'invalid' },
    );
    assert.equal(await createPriceList(db, 'no-such-offer', draftOf()), undefined);
    assert.deepEqual(await listPriceLists(db, network.offerId), []);
  });

  function rowOf({ timeZone: time_zone, currency, tiers, counts, period }: ReturnType<typeof draftOf>) {
    return { time_zone, currency, tiers, counts, period };
  }
});
