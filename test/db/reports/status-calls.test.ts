import assert from 'node:assert/strict';
import { findFirstCall, listStatusCalls, type StatusCallQuery } from '../../../src/db/reports/status-calls.ts';
import { createAdvertiser } from '../../../src/db/advertisers.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';

const raw = { method: 'GET', query: {}, body: null };

describe("advertisers' status calls", () => {
  let network: Network;
  let conversionId: string;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    conversionId = await network.convert(network.newLead());
    await network.report(conversionId, 'approved', 'paid');
    for (const word of ['perhaps', 'maybe', 'likely']) {
      await assert.rejects(network.report(conversionId, word), { kind: 'unknown_status' });
    }
  });

  after(() => network.close());

  const list = async (query: Partial<StatusCallQuery>) =>
    (await listStatusCalls(network.db, { limit: 10, ...query })).rows;
  const numbers = (calls: { call_id: number }[]) => calls.map(({ call_id }) => call_id);

  it('are listed as they were kept, the newest first', async () => {
    const [call, ...refused] = (await list({})).toReversed();
    assert.ok(call);
    const { at, lead_id, raw: sent, ...kept } = call;
    assert.match(at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.ok(lead_id);
    assert.deepEqual(sent, {
      method: 'GET',
      query: { conversion_id: conversionId, status: 'approved', reason: 'paid' },
      body: null,
    });
    assert.deepEqual(kept, {
      call_id: 1,
      advertiser_id: network.advertiserId,
      conversion_id: conversionId,
      transaction_id: null,
      source: 'call',
      word: 'approved',
      status: 'approved',
      result: 'recorded',
      seq: 2,
      accepted_at: null,
      import_id: null,
      row_number: null,
      rejudged_at: null,
      vocabulary: null,
    });
    assert.deepEqual(
      refused.map(({ word, status, result, lead_id, seq }) => ({ word, status, result, lead_id, seq })),
      ['perhaps', 'maybe', 'likely'].map((word) => ({
        ...{ word, status: null, result: 'unknown_word', lead_id: null, seq: null },
      })),
    );
  });

  it('are found by advertiser, conversion and result, and by all of them', async () => {
    const { advertiser } = await createAdvertiser(network.db, { name: 'Other' });
    const other = { advertiser_id: advertiser.advertiser_id };
    const own = { advertiser_id: network.advertiserId };
    await network.db('status_calls').insert([
      { ...other, conversion_id: 'c9', raw, result: 'recorded' },
      { ...other, conversion_id: conversionId, raw, result: 'unknown_conversion' },
    ]);
    assert.equal((await list(other)).length, 2);
    assert.equal((await list(own)).length, 4);
    assert.equal((await list({ conversion_id: conversionId })).length, 5);
    assert.equal((await list({ conversion_id: conversionId, ...other })).length, 1);
    assert.equal((await list({ result: 'unknown_word' })).length, 3);
    assert.equal((await list({ result: 'recorded' })).length, 2);
    assert.equal((await list({ result: 'recorded', ...own })).length, 1);
    assert.equal((await list({ result: 'unknown_word', ...other })).length, 0);
    assert.equal((await list({ result: 'unknown_conversion', conversion_id: conversionId, ...other })).length, 1);
  });

  it('are read page by page, whatever they are filtered by', async () => {
    for (const filter of [{}, { result: 'unknown_word' }, { advertiser_id: network.advertiserId }] as const) {
      const all = await list({ ...filter });
      const paged: typeof all = [];
      let cursor: string | undefined;
      do {
        const { rows, next } = await listStatusCalls(network.db, { ...filter, limit: 2, cursor });
        paged.push(...rows);
        cursor = next ?? undefined;
      } while (cursor !== undefined);
      assert.deepEqual(numbers(paged), numbers(all));
    }
  });

  it('are found by their time, which their numbers follow', async () => {
    const { db, advertiserId } = network;
    const at = (day: number) => `2025-01-${String(day).padStart(2, '0')}T12:00:00Z`;
    // Older than all that came before: the numbers of this table follow its times.
    await db('status_calls').delete();
    const days = Array.from({ length: 28 }, (_, index) => index + 1);
    for (const day of days) {
      // Numbers have gaps, as transactions that are undone leave them.
      await db.raw(`select nextval(pg_get_serial_sequence('status_calls', 'call_id'))`);
      await db('status_calls').insert({ advertiser_id: advertiserId, at: at(day), raw, result: 'recorded' });
    }
    const found = await list({ from: '2025-01-10T12:00:00Z', to: '2025-01-14T12:00:00Z', limit: 50 });
    assert.deepEqual(
      found.map((call) => new Date(call.at).getUTCDate()),
      [13, 12, 11, 10],
    );
    const ids = (await list({ limit: 50 })).toReversed();
    const idOf = (day: number) => ids[day - 1]?.call_id ?? 0;
    const fifth = await findFirstCall(db, '2025-01-05T00:00:00Z');
    assert.ok(idOf(4) < fifth && fifth <= idOf(5));
    assert.ok((await findFirstCall(db, '2024-01-01T00:00:00Z')) <= idOf(1));
    assert.ok((await findFirstCall(db, '2030-01-01T00:00:00Z')) > idOf(28));
    assert.deepEqual(await list({ from: '2025-01-29T00:00:00Z' }), []);
  });
});
