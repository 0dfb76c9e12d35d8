import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { createOffer } from '../../../src/db/offers.ts';
import { createPriceList } from '../../../src/db/prices/price-lists.ts';
import { newConversionId } from '../../../src/new-ids.ts';
import { createTestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { draftOf } from '../../support/price-lists.ts';

describe('an approval that is counted where somebody else is counting', () => {
  let network: Network;
  let db: Knex;

  beforeEach(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
    await createPriceList(db, network.offerId, draftOf({ counts: 'offer' }));
  });

  afterEach(() => network.close());

  /** A conversion of another offer, whose approvals nobody counts. */
  async function elsewhere(): Promise<string> {
    const { offer_id: offerId } = await createOffer(db, {
      ...{ advertiser_id: network.advertiserId, name: 'Loan', reward: { amount: 500, currency: 'EUR' } },
      url: 'https://bank.example/loan?click={conversion_id}',
    });
    const conversionId = newConversionId();
    const conversion = { conversionId, offerId, advertiserId: network.advertiserId };
    await network.clicks.record({ leadId: network.newLead(), touch: null, conversion });
    return conversionId;
  }

  it('waits for it, and stops neither what is not counted there nor what does not count at all', async () => {
    const partnerId = await network.partner();
    const [hot, pending, corrected] = await Promise.all([1, 2, 3].map(() => network.aLead(partnerId)));
    assert.ok(hot && pending && corrected);
    await network.report(corrected.conversionId, 'approved');
    const other = await elsewhere();

    const held = await db.transaction();
    await held('approval_counts').increment('approved', 1);
    let isAnswered = false;
    const waiting = network.report(hot.conversionId, 'approved').then((answer) => {
      isAnswered = true;
      return answer;
    });
    // In one batch with it.
    const others = await Promise.all([
      network.report(other, 'approved'),
      network.report(pending.conversionId, 'pending'),
      network.report(corrected.conversionId, 'rejected'),
    ]);
    assert.deepEqual(
      others.map(({ result }) => result),
      ['recorded', 'recorded', 'recorded'],
    );
    assert.equal((await network.report(corrected.conversionId, 'rejected')).result, 'duplicate');
    assert.equal(isAnswered, false);
    await held.commit();
    assert.equal((await waiting).result, 'recorded');
    const price = await db('lead_events')
      .where({ conversion_id: hot.conversionId, type: 'status' })
      .first<{ counted: number }>({ counted: 'price_counted' });
    assert.equal(price.counted, 2);
  });

  it('keeps the order of reports on its conversion', async () => {
    const { conversionId } = await network.aLead(await network.partner());
    const first = await network.aLead(await network.partner());
    await network.report(first.conversionId, 'approved');
    const held = await db.transaction();
    await held('approval_counts').increment('approved', 1);
    const answers = Promise.all(['approved', 'rejected'].map((word) => network.report(conversionId, word)));
    // Whatever waits, waits for this.
    await network.report(await elsewhere(), 'pending');
    await held.commit();
    assert.deepEqual(
      (await answers).map(({ result }) => result),
      ['recorded', 'recorded'],
    );
    const events = await db('lead_events')
      .where({ conversion_id: conversionId, type: 'status' })
      .orderBy('seq')
      .select<{ status: string }[]>('status');
    assert.deepEqual(
      events.map(({ status }) => status),
      ['approved', 'rejected'],
    );
  });

  it('keeps it where the earlier report waits for others that wait', async () => {
    const partnerId = await network.partner();
    const leads = await Promise.all([1, 2, 3, 4].map(() => network.aLead(partnerId)));
    const [first = '', second = '', third = '', hot = ''] = leads.map(({ conversionId }) => conversionId);
    await network.report(first, 'approved');
    const held = await db.transaction();
    await held('approval_counts').increment('approved', 1);
    const before = [network.report(second, 'approved')];
    await eventually(async () => assert.equal(await countWaiting(), 1));
    before.push(network.report(third, 'approved'));
    await eventually(async () => assert.equal(await countWaiting(), 2));
    const answers = Promise.all(['approved', 'rejected'].map((word) => network.report(hot, word)));
    // Whatever can be recorded meanwhile is.
    await network.report(await elsewhere(), 'pending');
    await held.commit();
    await Promise.all(before);
    assert.deepEqual(
      (await answers).map(({ result }) => result),
      ['recorded', 'recorded'],
    );
    const [conversion] = await db('conversions').where({ conversion_id: hot }).select<{ status: string }[]>('status');
    assert.equal(conversion?.status, 'rejected');
  });

  /** How many transactions of this database wait for another. */
  async function countWaiting(): Promise<number> {
    const { rows } = await db.raw<{ rows: [{ count: number }] }>(
      `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows[0].count;
  }
});
