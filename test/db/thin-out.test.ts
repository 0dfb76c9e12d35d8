import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFactsOfConversion } from '../../src/db/reports/lead-facts.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeEventfulLead } from '../support/leads/eventful-lead.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';

const [, block = ''] = /```sql\n([^]*?)```/.exec(readFileSync('docs/production.md', 'utf8')) ?? [];
const statements = block.split(';').filter((statement) => statement.trim() !== '');

describe('what docs/production.md says to thin out', () => {
  let network: Network;
  before(async () => (network = await createNetwork(await createTestDatabase())));
  after(() => network.close());

  const thinOut = async () => {
    for (const statement of statements) await network.db.raw(statement);
  };

  it('takes old texts and visits of bots, and leaves the rest of a story as it was', async () => {
    const { db } = network;
    const { conversionId } = await makeEventfulLead(network);
    await db('bot_visits').insert({ partner_id: 'ann', bot: 'Googlebot' });
    const young = await readFactsOfConversion(db, conversionId);
    await thinOut();
    assert.deepEqual(await readFactsOfConversion(db, conversionId), young);
    assert.equal((await db('bot_visits').select('bot')).length, 1);

    const LONG_AGO = db.raw(`now() - interval '2 years'`);
    await db('bot_visits').update({ at: LONG_AGO });
    await db('status_calls').update({ at: LONG_AGO });
    await db('postback_attempts').update({ started_at: LONG_AGO });
    const old = await readFactsOfConversion(db, conversionId);
    assert.ok(old);
    await thinOut();
    assert.deepEqual(await readFactsOfConversion(db, conversionId), {
      ...old,
      statusCalls: old.statusCalls.map((call) => ({ ...call, raw: {} })),
      attempts: old.attempts.map((attempt) => ({ ...attempt, body: null, response_body: null })),
    });
    assert.deepEqual(await db('bot_visits').select('bot'), []);
  });
});
