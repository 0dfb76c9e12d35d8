import assert from 'node:assert/strict';
import type { Balance } from '../../../src/db/ledger/balances.ts';
import type { PriceListRow } from '../../../src/db/prices/price-lists.ts';
import type { Entry, FileRow, Journal } from '../journal.ts';
import type { TrialNetwork } from '../network.ts';
import { recountSettlements } from './attribution.ts';
import { recountAttempts } from './attempts.ts';
import type { AttemptRow, EventRow, Facts, ImportRow, PostbackRow } from './facts.ts';
import type { Finding } from './findings.ts';
import { recountFiles } from './files.ts';
import { recountIntake } from './intake.ts';
import { recountLedger } from './ledger.ts';
import { recountPrices } from './prices.ts';
import { recountReceived } from './receiver.ts';

const network: TrialNetwork = {
  advertiserId: 'a',
  token: 't',
  offerIds: ['o'],
  currencies: ['USD'],
  partnerIds: { plain: 'p1', another: 'p2' },
};
const at = (seconds: number) => Date.UTC(2026, 0, 1) + seconds * 1000;
const time = (seconds: number) => new Date(at(seconds)).toISOString();

describe('the recount of a cluster trial', () => {
  let facts: Facts;
  let entries: Entry[];

  beforeEach(() => {
    facts = rightFacts();
    entries = rightEntries();
  });

  it('finds nothing in a trial that is as it should be', () => {
    assert.deepEqual(recountAll(), []);
  });

  it('misses a click and a status that were answered', () => {
    facts.eventsByLead.set('lead', eventsOf().slice(0, 2));
    assert.deepEqual(recountAll().slice(0, 2), [
      'answered clicks stored in their order',
      'answered statuses stored in their order',
    ]);
  });

  it('sees clicks of a visitor that were stored the other way round', () => {
    const [first, later] = entries.filter(({ type }) => type === 'click') as [Entry, Entry];
    [first.at, later.at] = [later.at, first.at];
    entries.sort((a, b) => a.at - b.at);
    assert.deepEqual(recountAll(), ['answered clicks stored in their order']);
  });

  it('sees the wrong partner, a reward twice and a settlement missing', () => {
    facts.settlements[2]!.partner_id = 'p1';
    facts.rewards.push({ ...facts.rewards[0]!, seq: 4 });
    assert.deepEqual(recountAll(), [
      'settlements, one for each status, with the right partner',
      'entries of rewards',
      'balances, each the sum of what its conversions bring',
    ]);
    facts = rightFacts();
    facts.settlements.pop();
    assert.equal(recountAll()[0], 'settlements, one for each status, with the right partner');
  });

  it('sees a price that was not valid at its time, a tier too far and a number left out', () => {
    facts.priceLists[1]!.effective_from = time(4);
    assert.deepEqual(recountAll(), ['statuses at the price that was valid at their time']);
    facts = rightFacts();
    facts.priceLists[0]!.tiers[1]!.from = 0;
    assert.deepEqual(recountAll(), ['statuses at the price that was valid at their time']);
    facts = rightFacts();
    facts.eventsByLead.get('by file')![1]!.price_counted = 2;
    assert.deepEqual(recountAll(), ['first approvals counted one by one']);
  });

  it('takes the list of the partner that holds the lead before the one for all', () => {
    facts.priceLists.push({ ...facts.priceLists[0]!, list_id: 3, partner_id: 'p1' });
    assert.deepEqual(recountAll(), ['statuses at the price that was valid at their time']);
    facts.eventsByLead.get('lead')![2]!.price_list_id = 3;
    assert.deepEqual(recountAll(), []);
  });

  it('misses a price list that ops were told of', () => {
    entries.push({ at: at(1), type: 'priced', offerId: 'o', listId: 9 });
    assert.deepEqual(recountAll(), ['price lists that ops were told are made']);
  });

  it('keeps the first price of a conversion that is approved again', () => {
    const events = facts.eventsByLead.get('by file')!;
    const [approval] = events.slice(-1);
    const reversal = { ...approval!, status: 'rejected' as const, price_counted: 2 };
    events.push({ ...reversal, seq: 3 }, { ...approval!, seq: 4 });
    const [prices] = recountPrices({ entries, add: () => undefined }, facts).slice(1);
    assert.deepEqual(prices?.wrong, []);
    events[3]!.price_amount = 1;
    const [changed] = recountPrices({ entries, add: () => undefined }, facts).slice(1);
    assert.match(changed?.wrong.join() ?? '', /^approved of f/);
  });

  it('sees a row of a file that is missing, booked twice, or judged wrongly', () => {
    facts.fileCalls.pop();
    assert.deepEqual(recountAll(), ['rows of files, each booked once']);
    facts = rightFacts();
    facts.fileCalls.push({ ...facts.fileCalls[0]!, row_number: 3 });
    assert.deepEqual(recountAll(), ['rows of files, each booked once']);
    facts = rightFacts();
    facts.fileCalls[1]!.result = 'recorded';
    assert.deepEqual(recountAll(), ['rows of files, each booked once']);
  });

  it('sees a file that was not imported to its end, and a status that no file holds', () => {
    facts.imports.get('i')!.done_rows = 2;
    assert.deepEqual(recountAll(), ['answered files imported to their last row']);
    facts = rightFacts();
    facts.imports.clear();
    assert.deepEqual(recountAll(), ['answered files imported to their last row']);
    facts = rightFacts();
    facts.eventsByLead.get('by file')!.pop();
    assert.deepEqual(recountAll()[0], 'conversions reported by file, with just these statuses');
  });

  it('sees a balance that is not what its conversions bring', () => {
    facts.balances.get('p2')![0]!.total += 1;
    assert.deepEqual(recountAll(), ['balances, each the sum of what its conversions bring']);
    facts.balances.clear();
    assert.deepEqual(recountAll(), ['balances, each the sum of what its conversions bring']);
  });

  it('sees an attempt too many, one too early, and a postback that has not ended', () => {
    facts.attempts.set(
      'b1',
      [1, 2, 3, 4].map((attempt) => attemptOf('b1', attempt, 10 * attempt)),
    );
    facts.attempts.get('b2')!.push(attemptOf('b2', 2, 21));
    facts.postbacks[1]!.state = 'retrying';
    const [ends, attempts] = recountAttempts(facts);
    assert.match(ends?.wrong.join() ?? '', /b2 is retrying/);
    assert.match(attempts?.wrong.join() ?? '', /b1 had 4 attempts.*b2 had attempt 2 after/);
  });

  it('sees an older status that arrives after a newer one', () => {
    entries.push(...arrival('late', 'b1', 40, 500));
    assert.deepEqual(recountAll(), ['conversions whose partners heard no older status after a newer one']);
  });

  it('allows a repeat only when the worker was killed in the attempt', () => {
    facts.attempts.set('b2', [
      { ...attemptOf('b2', 1, 20), outcome: 'interrupted' },
      delivered(attemptOf('b2', 2, 40)),
    ]);
    entries.push(...arrival('again', 'b2', 40, 200));
    const unexplained = ['repeats of an accepted postback, each after its worker was killed in the attempt'];
    assert.deepEqual(recountAll(), unexplained);
    kill('temporal-1', 20.2);
    assert.deepEqual(recountAll(), unexplained);
    kill('worker-2', 20.4);
    assert.deepEqual(recountAll(), []);
  });

  it('allows it for as long as Postgres was away', () => {
    facts.attempts.set('b2', [
      { ...attemptOf('b2', 1, 20), outcome: 'interrupted' },
      delivered(attemptOf('b2', 2, 40)),
    ]);
    entries.push(...arrival('again', 'b2', 40, 200));
    kill('postgres', 20.05);
    kill('worker-2', 26);
    assert.deepEqual(recountAll(), []);
  });

  function kill(name: string, seconds: number): void {
    entries.push({ at: at(seconds), type: 'kill', names: [name] });
    entries.sort((a, b) => a.at - b.at);
  }

  /** What the parts of the recount call themselves that have found something wrong. */
  function recountAll(): string[] {
    const journal: Journal = { entries, add: () => undefined };
    const findings: Finding[] = [
      ...recountIntake(journal, facts),
      ...recountFiles(journal, facts),
      ...recountPrices(journal, facts),
      ...recountSettlements(facts, network),
      recountLedger(facts),
      ...recountAttempts(facts),
      ...recountReceived(journal, facts).findings,
    ];
    return findings.filter(({ wrong }) => wrong.length > 0).map(({ what }) => what);
  }
});

/** Partner p1 brings a visitor who converts and is pending; partner p2 takes the lead over and wins the approval. */
function eventsOf(): EventRow[] {
  const event = { ...BLANK, lead_id: 'lead' };
  const status = { ...event, ...PAID, type: 'status' as const, conversion_id: 'c' };
  return [
    { ...event, seq: 1, type: 'touch', partner_id: 'p1', ref_id: 'r1' },
    { ...event, seq: 2, type: 'conversion', conversion_id: 'c' },
    { ...status, seq: 3, at: time(3), status: 'pending', price_counted: 0 },
    { ...event, seq: 4, type: 'touch', partner_id: 'p2', ref_id: 'r2' },
    { ...status, seq: 5, at: time(14), status: 'approved', price_counted: 0 },
  ];
}

/** One whom no partner brought: the second approval of all, by a file. */
function eventsByFile(): EventRow[] {
  const event = { ...BLANK, lead_id: 'by file', conversion_id: 'f' };
  return [
    { ...event, seq: 1, type: 'conversion' },
    { ...event, ...PAID, seq: 2, at: time(15), type: 'status', status: 'approved', ...SECOND_TIER },
  ];
}

const BLANK = {
  ...{ at: time(0), partner_id: null, ref_id: null, conversion_id: null, offer_id: null, status: null },
  ...{ price_amount: null, price_currency: null, price_list_id: null, price_tier_from: null, price_counted: null },
};
const PAID = { offer_id: 'o', price_amount: 1250, price_currency: 'USD', price_list_id: 1, price_tier_from: 0 };
const SECOND_TIER = { price_amount: 1500, price_tier_from: 1, price_counted: 1 };

function priceListsOf(): PriceListRow[] {
  const list = { offer_id: 'o', partner_id: null, currency: 'USD', time_zone: 'UTC', created_at: time(0) };
  const counting = { counts: 'advertiser' as const, period: 'all' as const };
  const tiers = () => [
    { from: 0, amount: 1250 },
    { from: 1, amount: 1500 },
  ];
  return [
    { ...list, ...counting, list_id: 1, version: 1, effective_from: time(0), tiers: tiers() },
    { ...list, ...counting, list_id: 2, version: 2, effective_from: time(60), tiers: [{ from: 0, amount: 9 }] },
  ];
}

function rightFacts(): Facts {
  const settlement = { conversion_id: 'c', lead_id: 'lead' };
  const postback = { conversion_id: 'c', payout: 1250, currency: 'USD', is_handover: false, skip_reason: null };
  const rows: PostbackRow[] = [
    { ...postback, postback_id: 'b1', seq: 3, partner_id: 'p1', ref_id: 'r1', status: 'pending', state: 'superseded' },
    { ...postback, postback_id: 'b2', seq: 5, partner_id: 'p2', ref_id: 'r2', status: 'approved', state: 'delivered' },
  ];
  const skipped: PostbackRow = {
    ...{ ...postback, payout: 1500, postback_id: 'b0', conversion_id: 'f', seq: 2, partner_id: null, ref_id: null },
    ...{ status: 'approved', state: 'skipped', skip_reason: 'house' },
  };
  return {
    eventsByLead: new Map([
      ['lead', eventsOf()],
      ['by file', eventsByFile()],
    ]),
    priceLists: priceListsOf(),
    balances: new Map([['p2', [balanceOf(1250)]]]),
    imports: new Map([['i', importOf()]]),
    fileCalls: [
      { import_id: 'i', row_number: 1, conversion_id: 'f', status: 'approved', result: 'recorded' },
      { import_id: 'i', row_number: 2, conversion_id: 'f', status: 'approved', result: 'duplicate' },
    ],
    settlements: [
      { ...{ conversion_id: 'f', lead_id: 'by file', seq: 2 }, ...HOUSE },
      { ...settlement, seq: 3, status: 'pending', partner_id: 'p1', touch_seq: 1, reward: 'none' },
      { ...settlement, seq: 5, status: 'approved', partner_id: 'p2', touch_seq: 4, reward: 'book' },
    ],
    rewards: [{ conversion_id: 'c', seq: 5, partner_id: 'p2', kind: 'booked', amount: 1250, currency: 'USD' }],
    postbacks: [...rows, skipped],
    attempts: new Map([
      ['b1', [attemptOf('b1', 1, 10)]],
      ['b2', [delivered(attemptOf('b2', 1, 20))]],
    ]),
  };
}

const HOUSE = { status: 'approved' as const, partner_id: null, touch_seq: null, reward: 'none' as const };

function balanceOf(total: number): Balance {
  return { currency: 'USD', open: total, open_lines: 1, open_from: null, paid: 0, payouts: 0, total };
}

function importOf(): ImportRow {
  const counts = { rows: 3, done_rows: 3, recorded: 1, duplicate: 1, stale: 0, ignored: 0, refused: 1 };
  return { import_id: 'i', state: 'done', ...counts };
}

function attemptOf(postback_id: string, attempt: number, seconds: number): AttemptRow {
  const times = { started_at: time(seconds), ended_at: time(seconds + 0.1) };
  return { postback_id, attempt, ...times, outcome: 'refused', http_status: 500 };
}

function delivered(attempt: AttemptRow): AttemptRow {
  return { ...attempt, outcome: 'delivered', http_status: 200 };
}

function rightEntries(): Entry[] {
  const touch = (partnerId: string, refId: string) => ({ partnerId, refId });
  const click = { type: 'click' as const, leadId: 'lead' };
  const status = { conversionId: 'c', result: 'recorded' as const };
  return [
    { ...click, at: at(1), touch: touch('p1', 'r1'), conversionId: 'c' },
    { at: at(2), type: 'asked', conversionId: 'c', status: 'pending' },
    { ...status, at: at(3), type: 'status', status: 'pending' },
    ...arrival('first', 'b1', 10.02, 500),
    { ...click, at: at(12), touch: touch('p2', 'r2'), conversionId: null },
    { at: at(13), type: 'asked', conversionId: 'c', status: 'approved' },
    { ...status, at: at(14), type: 'status', status: 'approved' },
    { at: at(15), type: 'file', importId: 'i', rows: 3, known: [fileRow(1), fileRow(2)] },
    ...arrival('second', 'b2', 20.02, 200),
  ];
}

function fileRow(row: number): FileRow {
  return { row, conversionId: 'f', status: 'approved' };
}

function arrival(call: string, postbackId: 'b1' | 'b2', seconds: number, answer: number): Entry[] {
  const status = postbackId === 'b1' ? 'pending' : 'approved';
  return [
    { at: at(seconds), type: 'received', call, postbackId, conversionId: 'c', status },
    { at: at(seconds + 0.03), type: 'answered', call, with: answer },
  ];
}
