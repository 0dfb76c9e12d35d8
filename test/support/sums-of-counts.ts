import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { quantities, SUMS_OF_SUMS } from '../../src/db/counting/countable-facts.ts';

const SUMS = {
  partner_counts_by_time: ['partner_id', 'bucket', 'currency'],
  partner_counts_by_offer: ['partner_id', `date_trunc('day', bucket, 'UTC')`, 'offer_id', 'currency'],
};

/** The tables of sums hold what the counts come to, and nothing else. */
export async function assertSumsOfCounts(db: Knex): Promise<void> {
  for (const [table, keys] of Object.entries(SUMS)) {
    const kept = await db.raw<{ rows: object[] }>(
      `select ${keys.join()}, ${quantities.join()} from ${table} order by ${keys.join()}`,
    );
    const places = keys.map((_, index) => index + 1).join();
    const counted = await db.raw<{ rows: object[] }>(
      `select ${keys.join()}, ${SUMS_OF_SUMS} from partner_counts group by ${places} order by ${places}`,
    );
    assert.deepEqual(kept.rows, counted.rows, table);
  }
}
