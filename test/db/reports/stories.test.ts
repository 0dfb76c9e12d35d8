import assert from 'node:assert/strict';
import { createAdvertiser } from '../../../src/db/advertisers.ts';
import { findLeadOfConversion, listStatusCalls, readLeadFacts } from '../../../src/db/reports/stories.ts';
import { createTestDatabase } from '../../support/database.ts';
import { makeEventfulLead, type EventfulLead } from '../../support/eventful-lead.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';

describe('the facts of a lead', () => {
  let network: Network;
  let lead: EventfulLead;
  before(async () => {
    network = await createNetwork(await createTestDatabase());
    await makeEventfulLead(network);
    lead = await makeEventfulLead(network);
  });
  after(() => network.close());

  it('are all of its own and none of another lead', async () => {
    const facts = await readLeadFacts(network.db, lead.leadId);
    assert.ok(facts);
    assert.deepEqual(
      facts.events.map(({ seq, type }) => `${seq} ${type}`),
      ['1 touch', '2 conversion', '3 status', '4 touch', '5 conversion', '6 status'],
    );
    assert.deepEqual(facts.refIdSamples, { 1: 'x'.repeat(40) });
    assert.deepEqual(
      facts.conversions.map((conversion) => [conversion.conversion_id, conversion.status, conversion.offer_name]),
      [
        [lead.conversionId, 'approved', 'Card'],
        [lead.otherConversionId, null, 'Card'],
      ],
    );
    assert.deepEqual(
      facts.statusCalls.map((call) => call.result),
      ['recorded', 'recorded', 'duplicate', 'unknown_status'],
    );
    const { settlements, rewardEntries, postbacks, attempts } = facts;
    assert.deepEqual([settlements.length, rewardEntries.length, postbacks.length, attempts.length], [2, 1, 2, 2]);
  });

  it('do not hold what another advertiser tried on its conversions', async () => {
    const { advertiser } = await createAdvertiser(network.db, { name: 'Rival' });
    const call = {
      advertiserId: advertiser.advertiser_id,
      conversionId: lead.conversionId,
      word: 'rejected',
      reason: null,
    };
    await assert.rejects(network.statuses.record({ ...call, raw: { method: 'GET', query: {}, body: null } }), {
      kind: 'unknown',
    });
    const facts = await readLeadFacts(network.db, lead.leadId);
    assert.equal(facts?.statusCalls.length, 4);
  });

  it('are found by a conversion', async () => {
    assert.equal(await findLeadOfConversion(network.db, lead.conversionId), lead.leadId);
    assert.equal(await findLeadOfConversion(network.db, 'unknown'), undefined);
  });

  it('are none for a lead that does not exist', async () => {
    assert.equal(await readLeadFacts(network.db, 'nobody'), undefined);
  });

  it('include the calls that were refused, listed by result and in pages', async () => {
    const refused = await listStatusCalls(network.db, { result: 'unknown_status', limit: 10 });
    assert.equal(refused.length, 2);
    const [first] = await listStatusCalls(network.db, { result: 'unknown_status', limit: 1 });
    const rest = await listStatusCalls(network.db, { result: 'unknown_status', after: first?.call_id, limit: 10 });
    assert.deepEqual([first, ...rest], refused);
  });
});
