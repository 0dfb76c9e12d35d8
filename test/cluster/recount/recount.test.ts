import assert from 'node:assert/strict';
import type { Status } from '../../../src/domain/status.ts';
import type { Entry, Journal } from '../journal.ts';
import { recountAttempts } from './attempts.ts';
import type { Facts } from './facts.ts';
import { recountPrices } from './prices.ts';
import { recountFacts } from './recount.ts';
import { arrival, at, attemptOf, delivered, network, rightEntries, rightFacts, time } from './right-trial.ts';

const REFUSED = 'refused statuses, each after the window of its lead';

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
    facts.eventsByLead.set('lead', facts.eventsByLead.get('lead')!.slice(0, 2));
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

  it('takes a status that was refused as too late for none, unless it would have changed nothing', () => {
    const asked = { type: 'asked' as const, conversionId: 'c' };
    const answered = { ...asked, type: 'status' as const, result: 'window_closed' as const };
    const refuse = (status: Status) => {
      entries.push({ ...asked, at: at(200), status }, { ...answered, at: at(200), status });
      facts.calls.push({ ...facts.calls[1]!, at: time(200), status, result: 'window_closed', seq: null });
    };
    refuse('rejected');
    assert.deepEqual(recountAll(), []);
    refuse('approved');
    assert.deepEqual(recountAll(), ['answered statuses stored in their order']);
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

  it('has numbers begin anew with each day of the list, in its time zone', () => {
    const approvals = [facts.eventsByLead.get('lead')![4]!, facts.eventsByLead.get('by file')![1]!];
    for (const list of facts.priceLists) list.time_zone = 'Etc/GMT-10';
    approvals[0]!.at = '2026-01-01T13:59:59.999Z';
    approvals[1]!.at = '2026-01-01T14:00:00.000Z';
    assert.equal(miscounted().length, 1);
    approvals[1]!.price_counted = 0;
    assert.deepEqual(miscounted(), []);
    for (const list of facts.priceLists) list.period = 'all';
    assert.equal(miscounted().length, 1);

    function miscounted(): string[] {
      return recountPrices({ entries, add: () => undefined }, facts)[2]!.wrong;
    }
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
    facts.calls.pop();
    assert.deepEqual(recountAll(), ['rows of files, each booked once']);
    facts = rightFacts();
    facts.calls.push({ ...facts.calls[2]!, row_number: 3 });
    assert.deepEqual(recountAll(), ['rows of files, each booked once']);
    facts = rightFacts();
    facts.calls[3]!.result = 'recorded';
    assert.deepEqual(recountAll(), ['rows of files, each booked once']);
  });

  it('allows a row of a file that came too late, if it is counted so', () => {
    const { lead_id, seq } = facts.calls[2]!;
    Object.assign(facts.calls[2]!, { result: 'window_closed', lead_id: null, seq: null });
    Object.assign(facts.calls[3]!, { result: 'recorded', lead_id, seq });
    assert.deepEqual(recountAll(), ['answered files imported to their last row', REFUSED]);
    Object.assign(facts.imports.get('i')!, { duplicate: 0, refused: 2 });
    assert.deepEqual(recountAll(), [REFUSED]);
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
    const { findings } = recountFacts(journal, facts, network);
    return findings.filter(({ wrong }) => wrong.length > 0).map(({ what }) => what);
  }
});
