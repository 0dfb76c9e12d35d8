import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { readBalances } from '../../../src/db/ledger/balances.ts';
import { checkLedger } from '../../../src/db/ledger/ledger-check.ts';
import { listPayouts, previewPayout, recordPayout, type NewPayout } from '../../../src/db/ledger/payouts.ts';
import { listLedgerLines, sumLedgerLines } from '../../../src/db/reports/ledger-lines.ts';
import { AppError } from '../../../src/errors.ts';
import { createTestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { inParallel } from '../../support/in-parallel.ts';
import { settleLatest } from '../../support/leads/settle.ts';
import { withoutLedgerGuard } from '../../support/ledger-guard.ts';
import { readPastMoment } from '../../support/past-moment.ts';
import { createNetwork, rewardsOf, type Network } from '../../support/network-in-database.ts';

const LOCK = 'select pg_advisory_xact_lock(ledger_lock(:partnerId, :currency))';
type Lead = { leadId: string; conversionId: string };

const EPOCH = '1970-01-01T00:00:00.000Z';

describe('the ledger of a partner', () => {
  let network: Network;
  let db: Knex;
  let partnerId: string;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    ({ db } = network);
  });

  beforeEach(async () => {
    partnerId = await network.partner();
  });

  after(() => network.close());

  async function earn(): Promise<Lead> {
    const lead = await network.aLead(partnerId);
    await say(lead, 'approved');
    return lead;
  }

  async function say({ leadId, conversionId }: Lead, word: string): Promise<void> {
    await network.report(conversionId, word);
    await settleLatest(db, leadId);
  }

  /** Of all that is there now. */
  async function pay(reference: string, changes: Partial<NewPayout> = {}) {
    const upto = await readPastMoment(db);
    const payout = { partnerId, currency: 'USD', upto, reference, comment: null, ...changes };
    return await db.transaction((trx) => recordPayout(trx, payout));
  }

  async function linesOf(): Promise<string[]> {
    const { rows } = await listLedgerLines(db, { partnerId, limit: 100 });
    return rows.reverse().map(({ kind, amount, reference }) => `${kind} ${amount} ${reference ?? 'open'}`);
  }

  async function isBalanced(): Promise<void> {
    const { differences } = await checkLedger(db, { partnerId });
    assert.deepEqual(differences, { accounts: [], conversions: [], payouts: [] });
  }

  it('books what is approved, and takes it back when that is reversed', async () => {
    const lead = await earn();
    await say(lead, 'rejected');
    await say(lead, 'approved');
    assert.deepEqual(await linesOf(), ['reward 1250 open', 'revocation -1250 open', 'reward 1250 open']);
    const [balance] = await readBalances(db, partnerId);
    assert.deepEqual(balance, {
      currency: 'USD',
      open: 1250,
      open_lines: 3,
      open_from: null,
      paid: 0,
      payouts: 0,
      total: 1250,
    });
  });

  it('closes by a payout what is open before a moment, and nothing of the next', async () => {
    await earn();
    await earn();
    const upto = await readPastMoment(db);
    await earn();
    const preview = await previewPayout(db, { partnerId, currency: 'USD', upto });
    assert.deepEqual(preview.closed, [{ kind: 'reward', lines: 2, amount: 2500 }]);
    assert.deepEqual([preview.later_lines, preview.later_amount], [1, 1250]);

    const { payout, isNew } = await pay('r1', { upto, comment: 'by bank' });
    assert.equal(isNew, true);
    assert.deepEqual(
      [payout.amount, payout.lines, payout.period_from, payout.upto, payout.comment],
      [2500, 2, null, upto, 'by bank'],
    );
    assert.deepEqual(await linesOf(), ['reward 1250 r1', 'reward 1250 r1', 'reward 1250 open', 'payout -2500 r1']);
    const [balance] = await readBalances(db, partnerId);
    assert.deepEqual([balance?.open, balance?.paid, balance?.total], [1250, 2500, 3750]);
    await isBalanced();

    const next = await pay('r2');
    assert.deepEqual([next.payout.amount, next.payout.period_from], [1250, upto]);
    await isBalanced();
  });

  it('puts a reversal of what was paid into the open period as a correction, and its second approval too', async () => {
    const lead = await earn();
    const { payout } = await pay('r1');
    await say(lead, 'rejected');
    await earn();
    assert.deepEqual((await linesOf()).slice(2), ['correction -1250 open', 'reward 1250 open']);
    await say(lead, 'approved');
    assert.deepEqual((await linesOf()).slice(4), ['correction 1250 open']);
    assert.deepEqual(
      (await rewardsOf(db, lead.conversionId)).map(({ kind }) => kind),
      ['booked', 'revoked', 'booked'],
    );
    assert.deepEqual(await sumLedgerLines(db, { partnerId, to: payout.upto, isEarned: true }), [
      { currency: 'USD', kind: 'reward', lines: 1, amount: 1250 },
    ]);
    await isBalanced();
  });

  it('tells a correction of 0 that books from one that takes back', async () => {
    const lead = await network.aLead(partnerId);
    await network.report(lead.conversionId, 'approved');
    await db('lead_events').where({ lead_id: lead.leadId, type: 'status' }).update({ price_amount: 0 });
    await settleLatest(db, lead.leadId);
    await earn();
    await pay('r1');
    for (const word of ['rejected', 'approved', 'rejected']) await say(lead, word);
    assert.deepEqual((await linesOf()).slice(-3), Array(3).fill('correction 0 open'));
    assert.deepEqual(
      (await rewardsOf(db, lead.conversionId)).map(({ kind }) => kind),
      ['booked', 'revoked', 'booked', 'revoked'],
    );
  });

  it('corrects also what was approved and reversed in one paid period', async () => {
    const lead = await earn();
    await say(lead, 'rejected');
    await earn();
    await pay('r1');
    await say(lead, 'approved');
    assert.equal((await linesOf()).at(-1), 'correction 1250 open');
  });

  it('pays nothing where nothing is open, and sets off what is below 0 against what is earned next', async () => {
    await assert.rejects(pay('r0'), /Nothing of partner .* in USD is open before/);
    const lead = await earn();
    const { payout } = await pay('r1');
    await assert.rejects(pay('r2', { upto: payout.upto }), /Everything before .* is paid out/);
    await say(lead, 'rejected');
    await assert.rejects(pay('r2'), /comes to -12\.50 USD, so there is nothing to pay. It stays open/);
    await earn();
    await assert.rejects(pay('r2'), /comes to 0\.00 USD/);
    await earn();
    assert.equal((await pay('r2')).payout.amount, 1250);
    await isBalanced();
  });

  it('makes no payout of a future moment, nor one of another amount than was seen', async () => {
    await earn();
    await assert.rejects(pay('r1', { upto: '2999-01-01T00:00:00.000Z' }), /upto: must not be in the future/);
    await assert.rejects(pay('r1', { expectedAmount: 1000 }), /comes to 12\.50 USD now, not to 10\.00/);
    assert.equal((await pay('r1', { expectedAmount: 1250 })).payout.amount, 1250);
  });

  it('answers the same payout again with the first one, and refuses its reference for another', async () => {
    await earn();
    const upto = await readPastMoment(db);
    const first = await pay('r1', { upto });
    await earn();
    const again = await pay('r1', { upto });
    assert.deepEqual(again, { payout: first.payout, isNew: false });
    await assert.rejects(pay('r1', { upto: await readPastMoment(db) }), /Reference "r1" is that of payout/);
    await assert.rejects(pay('r1', { upto, currency: 'EUR' }), /Reference "r1" is that of payout/);
    assert.equal((await listPayouts(db, { partnerId, limit: 10 })).rows.length, 1);
    const other = await network.partner();
    await assert.rejects(pay('r1', { partnerId: other, upto }), /Nothing of partner/);
  });

  it('makes one payout of many calls at once', async () => {
    await earn();
    const upto = await readPastMoment(db);
    const same = await Promise.all([1, 2, 3, 4].map(() => pay('r1', { upto })));
    assert.equal(same.filter(({ isNew }) => isNew).length, 1);
    await earn();
    const next = await readPastMoment(db);
    const others = await Promise.allSettled(['a', 'b', 'c'].map((reference) => pay(reference, { upto: next })));
    assert.equal(others.filter(({ status }) => status === 'fulfilled').length, 1);
    await isBalanced();
  });

  it('waits for a line that is being written, and counts it in', async () => {
    const { conversionId } = await network.aLead(partnerId);
    const writing = await db.transaction();
    await writing('ledger_lines').insert(lineOf(conversionId, 1));
    await earn();
    const paying = pay('r1');
    await eventually(async () => assert.equal(await countWaiting(), 1));
    await writing.commit();
    assert.equal((await paying).payout.amount, 1250 + 1);
  });

  it('keeps a line out of a paid period that is committed after the payout with an earlier time', async () => {
    await earn();
    const { conversionId } = await network.aLead(partnerId);
    const upto = await readPastMoment(db);
    const paying = await db.transaction();
    await paying.raw(LOCK, { partnerId, currency: 'USD' });
    const writing = db('ledger_lines').insert({ ...lineOf(conversionId, 1), at: EPOCH });
    const written = writing.then();
    await eventually(async () => assert.equal(await countWaiting(), 1));
    await recordPayout(paying, { partnerId, currency: 'USD', upto, reference: 'r1', comment: null });
    await paying.commit();
    await written;
    const [line] = await db('ledger_lines').where({ conversion_id: conversionId }).select<{ at: string }[]>('at');
    assert.equal(line?.at, upto);
    const { rows } = await listLedgerLines(db, { partnerId, state: 'open', limit: 10 });
    assert.deepEqual(
      rows.map((row) => row.conversion_id),
      [conversionId],
    );
  });

  it('is exact while payouts and settlements run against each other', async () => {
    const leads = await inParallel(Array.from({ length: 20 }), 4, () => network.aLead(partnerId));
    const payouts = Array.from({ length: 15 }, (_, index) => `r${index}`);
    const [, paid] = await Promise.all([
      inParallel(leads, 4, async (lead) => {
        for (const word of ['approved', 'rejected', 'approved']) await say(lead, word);
      }),
      inParallel(payouts, 2, (reference) => pay(reference).catch(onlyNothingToPay)),
    ]);
    assert.ok(paid.filter(Boolean).length > 1, 'payouts came in between');
    await isBalanced();
    const [balance] = await readBalances(db, partnerId);
    assert.equal(balance?.total, leads.length * 1250);
  });

  it('never changes or loses a line or a payout', async () => {
    await earn();
    await pay('r1');
    for (const table of ['ledger_lines', 'payouts']) {
      await assert.rejects(db(table).update({ currency: 'EUR' }), /only ever added to/);
      await assert.rejects(db(table).delete(), /only ever added to/);
      await assert.rejects(db.raw('truncate ?? cascade', [table]), /only ever added to/);
    }
  });

  it('shows what of the lines is not what was settled', async () => {
    const [{ conversionId: lost }, { conversionId: wrong }] = [await earn(), await earn()];
    const { conversionId: added } = await network.aLead(partnerId);
    const { payout } = await pay('r1');
    await withoutLedgerGuard(db, async (trx) => {
      await trx('ledger_lines').where({ conversion_id: lost }).delete();
      await trx('ledger_lines').where({ conversion_id: wrong }).update({ amount: 1300 });
    });
    await db('ledger_lines').insert(lineOf(added, 7));
    const check = await checkLedger(db, { partnerId });
    assert.equal(check.is_balanced, false);
    assert.deepEqual(check.differences.accounts, [
      { partner_id: partnerId, currency: 'USD', lines: 1307, rewards: 2500, conversions: 3 },
    ]);
    const found = check.differences.conversions.map((row) => [row.conversion_id, row.lines, row.rewards]);
    const expected = [
      [lost, 0, 1250],
      [wrong, 1300, 1250],
      [added, 7, 0],
    ];
    assert.deepEqual(found, expected.sort());
    assert.deepEqual(
      check.differences.payouts.map((row) => [row.payout_id, row.paid, row.lines]),
      [[payout.payout_id, 2500, 1300]],
    );
    const all = (await checkLedger(db)).differences.accounts;
    assert.deepEqual(
      all.filter((row) => row.partner_id === partnerId),
      check.differences.accounts,
    );
  });

  function lineOf(conversionId: string, amount: number) {
    const line = { partner_id: partnerId, currency: 'USD', kind: 'reward', amount };
    return { ...line, conversion_id: conversionId, seq: 3, price_version: 1 };
  }

  function onlyNothingToPay(error: unknown): undefined {
    if (!(error instanceof AppError && error.kind === 'conflict')) throw error;
  }

  async function countWaiting(): Promise<number> {
    const { rows } = await db.raw<{ rows: [{ waiting: number }] }>(
      `select count(*) as waiting from pg_locks where locktype = 'advisory' and not granted
       and database = (select oid from pg_database where datname = current_database())`,
    );
    return rows[0].waiting;
  }
});
