import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { dropPulledRows } from '../../../src/db/retention/drop-pulled-rows.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { DAY_MS } from '../../support/policy.ts';

const WINDOW_MS = 14 * DAY_MS;

describe('dropping what exports have said', () => {
  let network: Network;
  let db: Knex;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
  });
  beforeEach(() => db('pulled_conversions').delete());
  after(() => network.close());

  const daysAgo = (days: number) => db.raw('current_date - :days::int', { days });

  async function say(conversionId: string, days: number): Promise<void> {
    const { advertiserId: advertiser_id } = network;
    const said = { advertiser_id, conversion_id: conversionId, import_id: 'i', said: ['mark', 'a'], said_before: [] };
    await db('pulled_conversions').insert({ ...said, used_on: daysAgo(days) });
  }

  const drop = () => dropPulledRows(db, { days: 90, windowMs: WINDOW_MS, after: '' });
  const left = () => db('pulled_conversions').orderBy('conversion_id').pluck<string[]>('conversion_id');

  it('takes what no file has named for so long', async () => {
    await say('invented-1', 91);
    await say('invented-2', 89);
    assert.deepEqual(await drop(), { dropped: 1, next: undefined });
    assert.deepEqual(await left(), ['invented-2']);
  });

  it('leaves what is said of a conversion until its window is over, and then looks again', async () => {
    const [open, over] = [await network.aLead(null), await network.aLead(null)];
    await db('leads')
      .where({ lead_id: over.leadId })
      .update({ last_activity_at: db.raw(`now() - interval '15 days'`) });
    for (const { conversionId } of [open, over]) await say(conversionId, 91);
    assert.deepEqual(await drop(), { dropped: 1, next: undefined });
    assert.deepEqual(await left(), [open.conversionId]);
    assert.equal((await db('pulled_conversions').where('used_on', '>', daysAgo(2))).length, 1);
  });

  it('goes on where there is more than fits into a batch', async () => {
    await db.raw(
      `insert into pulled_conversions (advertiser_id, conversion_id, import_id, said, said_before, used_on)
       select :advertiserId, 'x' || n, 'i', '{}', '{}', current_date - 100 from generate_series(1, 1500) n`,
      { advertiserId: network.advertiserId },
    );
    assert.deepEqual(await drop(), { dropped: 1000, next: '' });
    assert.deepEqual(await drop(), { dropped: 500, next: undefined });
  });
});
