import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { quantities } from '../../src/db/counting/countable-facts.ts';
import { fastConsole } from '../../src/db/migrations/026-fast-console.ts';
import { createTestDatabase } from '../support/database.ts';
import { assertSumsOfCounts } from '../support/sums-of-counts.ts';

const QUARTER_MS = 15 * 60 * 1000;

describe('the sums of counts', () => {
  let db: Knex;

  beforeEach(async () => {
    ({ db } = await createTestDatabase());
  });
  afterEach(() => db.destroy());

  /** Some quarters of an hour of two partners around a midnight of UTC, with two offers. */
  function someCounts(): object[] {
    return ['ann', 'bob'].flatMap((partner_id) =>
      [-2, -1, 0, 1].flatMap((quarter) =>
        ['', 'card', 'loan'].flatMap((offer_id) =>
          ['', 'USD', 'EUR'].map((currency, index) => ({
            ...{ partner_id, offer_id, currency },
            bucket: new Date(Date.UTC(2026, 0, 2) + quarter * QUARTER_MS).toISOString(),
            ...Object.fromEntries(quantities.map((quantity, place) => [quantity, place + index + quarter])),
          })),
        ),
      ),
    );
  }

  const countSums = async () =>
    await Promise.all([rowsOf('partner_counts_by_time'), rowsOf('partner_counts_by_offer')]);
  const rowsOf = async (table: string) => (await db(table).select('partner_id')).length;

  it('follow each statement that changes counts, whoever makes it', async () => {
    await db('partner_counts').insert(someCounts());
    await assertSumsOfCounts(db);
    assert.deepEqual(await countSums(), [2 * 4 * 3, 2 * 2 * 3 * 3]);
    await db('partner_counts').where({ partner_id: 'ann' }).increment('touches', 5).update({ booked: 7 });
    await assertSumsOfCounts(db);
    await db('partner_counts').where({ offer_id: 'loan' }).delete();
    await assertSumsOfCounts(db);
  });

  it('leave nothing behind when counts go', async () => {
    await db('partner_counts').insert(someCounts());
    await db('partner_counts').where('bucket', '>=', '2026-01-02T00:00:00Z').delete();
    await assertSumsOfCounts(db);
    await db('partner_counts').delete();
    assert.deepEqual(await countSums(), [0, 0]);
  });

  it('are made of the counts that there are when they come', async () => {
    await fastConsole.down(db);
    await db('partner_counts').insert(someCounts());
    await fastConsole.up(db);
    await assertSumsOfCounts(db);
    assert.deepEqual(await countSums(), [2 * 4 * 3, 2 * 2 * 3 * 3]);
  });
});
