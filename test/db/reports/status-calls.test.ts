import assert from 'node:assert/strict';
import { listStatusCalls } from '../../../src/db/reports/status-calls.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';

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

  it('are listed as they were kept, the oldest first', async () => {
    const [call, ...refused] = await listStatusCalls(network.db, { limit: 10 });
    assert.ok(call);
    const { at, lead_id, raw, ...kept } = call;
    assert.match(at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.ok(lead_id);
    assert.deepEqual(raw, {
      method: 'GET',
      query: { conversion_id: conversionId, status: 'approved', reason: 'paid' },
      body: null,
    });
    assert.deepEqual(kept, {
      call_id: 1,
      advertiser_id: network.advertiserId,
      conversion_id: conversionId,
      result: 'recorded',
      seq: 2,
      accepted_at: null,
    });
    assert.deepEqual(
      refused.map(({ result, lead_id, seq }) => ({ result, lead_id, seq })),
      refused.map(() => ({ result: 'unknown_word', lead_id: null, seq: null })),
    );
    assert.equal(refused.length, 3);
  });

  it('are listed by result and in pages', async () => {
    const refused = await listStatusCalls(network.db, { result: 'unknown_word', limit: 10 });
    assert.equal(refused.length, 3);
    const [first] = await listStatusCalls(network.db, { result: 'unknown_word', limit: 1 });
    const rest = await listStatusCalls(network.db, { result: 'unknown_word', after: first?.call_id, limit: 10 });
    assert.deepEqual([first, ...rest], refused);
    assert.deepEqual(await listStatusCalls(network.db, { result: 'stale', limit: 10 }), []);
  });
});
