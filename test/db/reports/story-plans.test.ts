import assert from 'node:assert/strict';
import { createLeadEventActivities } from '../../../activities/lead-events.ts';
import { isAtRest } from '../../../src/db/reports/at-rest.ts';
import { readFactsOfConversion, readLeadFacts } from '../../../src/db/reports/lead-facts.ts';
import { createTestDatabase } from '../../support/database.ts';
import { makeEventfulLead, type EventfulLead } from '../../support/leads/eventful-lead.ts';
import { makeHotLead } from '../../support/leads/hot-lead.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import { plansOf, SCAN_OF_LARGE_TABLE } from '../../support/plans.ts';

const ROWS = 20_000;

// Rows of other leads, so that Postgres has a reason to use its indexes.
const FILL = `
  insert into settlements (conversion_id, seq, lead_id, status, reward)
    select 'c' || n, 1, 'l' || n, 'pending', 'none' from generate_series(1, :rows::int) n;
  insert into status_calls (advertiser_id, conversion_id, raw, result)
    select :advertiserId, 'c' || n, '{}', 'duplicate' from generate_series(1, :rows::int) n;
  insert into ledger_lines (conversion_id, seq, partner_id, kind, amount, currency, price_version)
    select 'c' || n, 1, :partnerId, 'reward', 1, 'USD', 1 from generate_series(1, :rows::int) n;
  insert into postbacks (postback_id, conversion_id, seq, lead_id, partner_id, offer_id, status, payout, currency, event_at, state)
    select 'p' || n, 'c' || n, 1, 'l' || n, :partnerId, :offerId, 'pending', 1, 'USD', now(), 'failed'
    from generate_series(1, :rows::int) n;
  insert into postback_attempts (postback_id, attempt, method, url, outcome)
    select 'p' || n, 1, 'GET', '', 'refused' from generate_series(1, :rows::int) n;
  insert into leads (lead_id, last_seq, last_activity_at)
    select 'l' || n, 1, now() from generate_series(1, :rows::int) n;
  insert into lead_events (lead_id, seq, type, conversion_id) select 'l' || n, 1, 'conversion', 'c' || n from generate_series(1, :rows::int) n;
  insert into lead_events (lead_id, seq, type, conversion_id) select 'l' || n, 2, 'status', 'c' || n from generate_series(1, :rows::int) n;
  insert into conversions (conversion_id, lead_id, seq, offer_id, advertiser_id)
    select 'c' || n, 'l' || n, 1, :offerId, :advertiserId from generate_series(1, :rows::int) n;
  analyze`;

describe('the statements that stories are read by', function () {
  this.timeout(120_000);
  let network: Network;
  let lead: EventfulLead;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    const { db, offerId, advertiserId } = network;
    lead = await makeEventfulLead(network);
    const bindings = { rows: ROWS, partnerId: lead.first, offerId, advertiserId };
    for (const statement of FILL.split(';')) await db.raw(statement, statement.includes(':') ? bindings : {});
  });

  after(() => network.close());

  for (const [what, run] of [
    ['a lead', () => readLeadFacts(network.db, lead.leadId, { afterSeq: 0, limit: 500 })],
    ['a page of a lead', () => readLeadFacts(network.db, lead.leadId, { afterSeq: 3, limit: 2 })],
    ['a conversion', () => readFactsOfConversion(network.db, lead.conversionId)],
    ['whether a conversion is at rest', () => isAtRest(network.db, lead.conversionId, new Date())],
    ['a conversion that its lead has forgotten', () => recall()],
  ] as const) {
    it(`scan no large table for ${what}`, async () => {
      const plans = await plansOf(network.db, run);
      assert.ok(plans.length > 0);
      for (const plan of plans) assert.doesNotMatch(plan, SCAN_OF_LARGE_TABLE);
    });
  }

  async function recall() {
    const { loadConversion } = createLeadEventActivities(network);
    return await loadConversion({ leadId: lead.leadId, conversionId: lead.conversionId, beforeSeq: 100 });
  }

  it('read a bounded part of a lead of 100,000 touches and 10,000 conversions', async () => {
    const counts = { touches: 100_000, conversions: 10_000, approved: 300 };
    const hot = await makeHotLead(network, lead.first, counts);
    const page = await readLeadFacts(network.db, hot.leadId, { afterSeq: hot.lastSeq - 400, limit: 200 });
    assert.equal(page?.events.length, 200);
    assert.equal(page?.holder?.refId, 'first');
    // 20,000 touches are looked through for partners, so nobody can say that there were no others.
    assert.equal(page?.mayLackPartners, true);
    const facts = await readFactsOfConversion(network.db, hot.conversionId(1));
    assert.equal(facts?.events.filter(({ type }) => type === 'touch').length, 200);
    assert.equal(facts?.isWhole, false);
    assert.equal(facts?.decidingTouches.get(hot.lastSeq - 299)?.at(-1)?.seq, counts.touches);
  });
});
