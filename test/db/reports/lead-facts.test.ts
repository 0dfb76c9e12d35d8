import assert from 'node:assert/strict';
import { createAdvertiser } from '../../../src/db/advertisers.ts';
import { readOffer } from '../../../src/db/offers.ts';
import { readFactsOfConversion, readLeadFacts } from '../../../src/db/reports/lead-facts.ts';
import { listStatusCalls } from '../../../src/db/reports/status-calls.ts';
import { createTestDatabase } from '../../support/database.ts';
import { makeEventfulLead, type EventfulLead } from '../../support/leads/eventful-lead.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';

const WHOLE = { afterSeq: 0, limit: 500 };

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
    const facts = await readLeadFacts(network.db, lead.leadId, WHOLE);
    assert.ok(facts);
    assert.deepEqual(
      facts.events.map(({ seq, type }) => `${seq} ${type}`),
      ['1 touch', '2 conversion', '3 status', '4 touch', '5 conversion', '6 status'],
    );
    assert.deepEqual(facts.refIdSamples, { 1: 'x'.repeat(40) });
    assert.deepEqual(
      facts.conversions.map(({ conversion_id, status, offer_name }) => ({ conversion_id, status, offer_name })),
      [
        { conversion_id: lead.conversionId, status: 'approved', offer_name: 'Card' },
        { conversion_id: lead.otherConversionId, status: null, offer_name: 'Card' },
      ],
    );
    assert.deepEqual(
      facts.statusCalls.map((call) => call.result),
      ['recorded', 'recorded', 'duplicate', 'unknown_word'],
    );
    const { settlements, rewardEntries, postbacks, attempts } = facts;
    const counts = {
      settlements: settlements.length,
      rewardEntries: rewardEntries.length,
      postbacks: postbacks.length,
      attempts: attempts.length,
    };
    assert.deepEqual(counts, { settlements: 2, rewardEntries: 1, postbacks: 2, attempts: 2 });
  });

  it('do not hold what another advertiser sent about its conversions', async () => {
    const { advertiser } = await createAdvertiser(network.db, { name: 'Rival' });
    const call = {
      advertiserId: advertiser.advertiser_id,
      conversionId: lead.conversionId,
      word: 'rejected',
      reason: null,
      transactionId: null,
    };
    await assert.rejects(network.statuses.record({ ...call, raw: { method: 'GET', query: {}, body: null } }), {
      kind: 'unknown',
    });
    const facts = await readLeadFacts(network.db, lead.leadId, WHOLE);
    assert.equal(facts?.statusCalls.length, 4);
  });

  it('are read page by page, each with who held the lead before it', async () => {
    const page = await readLeadFacts(network.db, lead.leadId, { afterSeq: 3, limit: 2 });
    assert.deepEqual(
      page?.events.map(({ seq }) => seq),
      [4, 5],
    );
    assert.equal(page?.holderBefore?.partnerId, lead.first);
    assert.equal(page?.holder?.partnerId, lead.last);
    assert.deepEqual(
      page?.conversions.map((conversion) => conversion.conversion_id),
      [lead.otherConversionId],
    );
  });

  it('of one conversion are its own and the touches of its lead', async () => {
    const facts = await readFactsOfConversion(network.db, lead.otherConversionId);
    assert.deepEqual(
      facts?.events.map(({ seq, type }) => `${seq} ${type}`),
      ['1 touch', '4 touch', '5 conversion'],
    );
    assert.equal(facts?.leadId, lead.leadId);
    assert.equal(await readFactsOfConversion(network.db, 'unknown'), undefined);
  });

  it('are none for a lead that does not exist', async () => {
    assert.equal(await readLeadFacts(network.db, 'nobody', WHOLE), undefined);
  });

  it('hold nothing of a column that somebody adds later', async () => {
    const { db, offerId } = network;
    const tables = ['offers', 'leads', 'lead_events', 'conversions', 'status_calls', 'settlements', 'ledger_lines'];
    for (const table of [...tables, 'postbacks', 'postback_attempts']) {
      await db.raw(`alter table ?? add column added_later text not null default 'nobody chose to show it'`, [table]);
    }
    const read = [
      await readLeadFacts(db, lead.leadId, WHOLE),
      await readFactsOfConversion(db, lead.conversionId),
      await listStatusCalls(db, { limit: 10 }),
      await readOffer(db, offerId),
    ];
    assert.deepEqual(
      read.map((facts) => JSON.stringify(facts).includes('added_later')),
      read.map(() => false),
    );
  });
});
