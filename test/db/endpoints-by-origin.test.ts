import assert from 'node:assert/strict';
import { endpointsByOrigin } from '../../src/db/migrations/015-endpoints-by-origin.ts';
import { createTestDatabase } from '../support/database.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';
import { settingsFor } from '../support/postback-settings.ts';

describe('how endpoints answered, when origins came', () => {
  let network: Network;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
  });

  after(() => network.close());

  const read = async () =>
    await network.db('partner_endpoints').orderBy('consecutive_failures').pluck<number[]>('consecutive_failures');

  it('is kept for the URL of the settings, and forgotten without; back again the worst is kept', async () => {
    const { db } = network;
    const partnerId = await network.partner(settingsFor('https://Tracker.example:8443/in?ref={ref_id}'));
    const silent = await network.partner();
    await db('partners').where({ partner_id: silent }).update({ postback: null });
    const row = { partner_id: partnerId, origin: 'https://a.example' };
    await db('partner_endpoints').insert([
      { ...row, consecutive_failures: 2 },
      { ...row, origin: 'https://b.example', consecutive_failures: 5 },
      { ...row, origin: 'https://c.example', consecutive_failures: 0 },
    ]);
    await endpointsByOrigin.down(db);
    assert.deepEqual(await read(), [5]);
    await db('partner_endpoints').insert({ partner_id: silent, consecutive_failures: 1 });
    await endpointsByOrigin.up(db);
    assert.deepEqual(await read(), [5]);
    assert.deepEqual(await db('partner_endpoints').pluck('origin'), ['https://tracker.example:8443']);
  });
});
