import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import {
  FIRST_LEAD,
  FIRST_STATUS,
  oweLeadsWithOpenPostbacks,
  oweLeadsWithUnsettledStatuses,
  oweOpenLeads,
  type Batch,
} from '../../src/db/rebuild.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeEventfulLead } from '../support/leads/eventful-lead.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';
import { DAY_MS } from '../support/policy.ts';

type OwedRow = { lead_id: string; from_seq: number; upto_seq: number; urgency: number; recheck: boolean };

describe('a rebuild', () => {
  let network: Network;
  let db: Knex;

  beforeEach(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
  });

  afterEach(() => network.close());

  async function owed(): Promise<OwedRow[]> {
    return await db('outbox')
      .orderBy('lead_id')
      .select<OwedRow[]>('lead_id', 'from_seq', 'upto_seq', 'urgency', 'recheck');
  }

  async function all<Cursor>(first: Cursor, owe: (after: Cursor) => Promise<Batch<Cursor>>): Promise<number[]> {
    const batches: number[] = [];
    for (let after: Cursor | undefined = first; after !== undefined;) {
      const { owing, next }: Batch<Cursor> = await owe(after);
      batches.push(owing);
      after = next;
    }
    return batches;
  }

  it('makes every lead owe that has an open postback, in batches, each once', async () => {
    const leads: string[] = [];
    for (let count = 0; count < 3; count++) leads.push((await makeEventfulLead(network)).leadId);
    await db('outbox').delete();
    await db('postbacks').where({ state: 'delivered' }).update({ state: 'retrying', ended_at: null });
    const batches = await all(FIRST_LEAD, (after) => oweLeadsWithOpenPostbacks(db, after, 2));
    assert.deepEqual(batches, [2, 1]);
    assert.deepEqual(
      await owed(),
      leads.sort().map((lead_id) => ({ lead_id, from_seq: 6, upto_seq: 6, urgency: 0, recheck: true })),
    );
  });

  it('makes every lead owe that has an unsettled status, also one that owes its clicks already', async () => {
    await makeEventfulLead(network);
    const lead = await network.aLead(null);
    const { leadId, conversionId } = lead;
    await network.report(conversionId, 'pending');
    await network.report(conversionId, 'approved');
    await db('outbox').delete();
    await network.touch(leadId, 'ann');
    const batches = await all(FIRST_STATUS, (after) => oweLeadsWithUnsettledStatuses(db, after, 1));
    assert.deepEqual(batches, [0, 0, 1, 1, 0]);
    assert.deepEqual(await owed(), [{ lead_id: leadId, from_seq: 4, upto_seq: 4, urgency: 0, recheck: true }]);
  });

  it('makes leads owe whose window is open: whole, as long as they may sleep', async () => {
    const decided = await network.aLead(null);
    await network.report(decided.conversionId, 'pending');
    const undecided = await network.aLead('ann');
    const over = await network.aLead('ann');
    await db('leads')
      .where({ lead_id: over.leadId })
      .update({ last_activity_at: db.raw(`now() - interval '15 days'`) });
    await db('outbox').delete();
    const batches = await all(FIRST_LEAD, (after) => oweOpenLeads(db, after, { limit: 2, windowMs: 14 * DAY_MS }));
    assert.equal(
      batches.reduce((sum, owing) => sum + owing),
      2,
    );
    const expected = [
      { lead_id: decided.leadId, from_seq: 2, upto_seq: 2, urgency: 1, recheck: false },
      { lead_id: undecided.leadId, from_seq: 1, upto_seq: 2, urgency: 2, recheck: false },
    ];
    assert.deepEqual(
      await owed(),
      expected.sort((a, b) => (a.lead_id < b.lead_id ? -1 : 1)),
    );
  });
});
