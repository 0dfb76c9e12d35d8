import assert from 'node:assert/strict';
import { recordPayout } from '../../../../src/db/ledger/payouts.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { settleLatest } from '../../../support/leads/settle.ts';
import { createNetwork, type Network } from '../../../support/network-in-database.ts';
import { readPastMoment } from '../../../support/past-moment.ts';
import type { ConsoleVisitor } from '../../browser-without-scripts.ts';
import { buildConsole, type Console } from '../../build-console.ts';

describe('the earnings of the console', () => {
  let network: Network;
  let site: Console;
  let visitor: ConsoleVisitor;

  const textOf = async (path: string) => {
    const { status, text } = await visitor.get(`/console/earnings${path}`);
    assert.equal(status, 200, path);
    return text;
  };

  before(async () => {
    network = await createNetwork(await createTestDatabase());
  });
  beforeEach(async () => {
    site = await buildConsole(network.db);
    visitor = await site.signedIn();
  });
  after(() => network.close());

  async function say(lead: { leadId: string; conversionId: string }, word: string): Promise<void> {
    await network.report(lead.conversionId, word);
    await settleLatest(network.db, lead.leadId);
  }

  it('say what they are when there are none', async () => {
    assert.match(await textOf(''), /Nothing earned yet/);
    assert.match(await textOf('?state=open'), /Nothing matches/);
    assert.match(await textOf('/statements'), /No payouts yet/);
  });

  it('show the balance, each line with its conversion and why, and the statement of a payout', async () => {
    const { db } = network;
    const lead = await network.aLead(site.partnerId);
    await say(lead, 'approved');
    const given = { partnerId: site.partnerId, currency: 'USD', upto: await readPastMoment(db), reference: '=SEPA 7' };
    const { payout } = await db.transaction((trx) => recordPayout(trx, { ...given, comment: 'for ops alone' }));
    await say(lead, 'rejected');
    const page = await textOf('');
    for (const shown of ['-12.50', 'correction', `/console/conversions/${lead.conversionId}`, '=SEPA 7']) {
      assert.ok(page.replaceAll('−', '-').includes(shown), shown);
    }
    const statement = await textOf(`/statements/${payout.payout_id}`);
    assert.match(statement, /Statement of a payout/);
    assert.doesNotMatch(statement, /correction<|for ops alone/);
    assert.match(await textOf('/statements'), /=SEPA 7/);
    assert.match(await textOf('/statements/open'), /correction/);
    assert.match(await textOf(`/statements/${payout.payout_id}.csv`), /"reward",12.5,"USD"/);
    assert.match(await textOf('/statements.csv'), /"'=SEPA 7"/);
    assert.match(await textOf('.csv?kind=correction'), /"correction",-12.5,"USD"/);
    const story = (await visitor.get(`/console/conversions/${lead.conversionId}`)).text;
    assert.match(story, /paid out: 12\.50 USD for conversion [\w]+, reference =SEPA 7/);
    assert.match(story, /a correction after a payout/);
  });

  it('show no statement of another partner', async () => {
    const { db } = network;
    const other = await network.partner();
    await say(await network.aLead(other), 'approved');
    const given = { partnerId: other, currency: 'USD', upto: await readPastMoment(db), reference: 'r', comment: null };
    const { payout } = await db.transaction((trx) => recordPayout(trx, given));
    assert.equal((await visitor.get(`/console/earnings/statements/${payout.payout_id}`)).status, 404);
    assert.equal((await visitor.get(`/console/earnings/statements/${payout.payout_id}.csv`)).status, 404);
    assert.match(await textOf(''), /Nothing earned yet/);
  });
});
