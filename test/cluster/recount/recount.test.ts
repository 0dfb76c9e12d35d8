import assert from 'node:assert/strict';
import type { Entry, Journal } from '../journal.ts';
import type { TrialNetwork } from '../network.ts';
import { recountSettlements } from './attribution.ts';
import { recountAttempts } from './attempts.ts';
import type { AttemptRow, EventRow, Facts, PostbackRow } from './facts.ts';
import type { Finding } from './findings.ts';
import { recountIntake } from './intake.ts';
import { recountReceived } from './receiver.ts';

const network: TrialNetwork = {
  advertiserId: 'a',
  token: 't',
  offerIds: ['o'],
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
    facts.settlements[1]!.partner_id = 'p1';
    facts.rewards.push({ ...facts.rewards[0]!, seq: 4 });
    assert.deepEqual(recountAll(), ['settlements, one for each status, with the right partner', 'entries of rewards']);
    facts = rightFacts();
    facts.settlements.pop();
    assert.equal(recountAll()[0], 'settlements, one for each status, with the right partner');
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
      ...recountSettlements(facts, network),
      ...recountAttempts(facts),
      ...recountReceived(journal, facts).findings,
    ];
    return findings.filter(({ wrong }) => wrong.length > 0).map(({ what }) => what);
  }
});

/** Partner p1 brings a visitor who converts and is pending; partner p2 takes the lead over and wins the approval. */
function eventsOf(): EventRow[] {
  const event = { lead_id: 'lead', partner_id: null, ref_id: null, conversion_id: null, status: null };
  const price = { price_amount: null, price_currency: null };
  const paid = { price_amount: 1250, price_currency: 'USD' };
  return [
    { ...event, ...price, seq: 1, type: 'touch', partner_id: 'p1', ref_id: 'r1' },
    { ...event, ...price, seq: 2, type: 'conversion', conversion_id: 'c' },
    { ...event, ...paid, seq: 3, type: 'status', conversion_id: 'c', status: 'pending' },
    { ...event, ...price, seq: 4, type: 'touch', partner_id: 'p2', ref_id: 'r2' },
    { ...event, ...paid, seq: 5, type: 'status', conversion_id: 'c', status: 'approved' },
  ];
}

function rightFacts(): Facts {
  const settlement = { conversion_id: 'c', lead_id: 'lead' };
  const postback = { conversion_id: 'c', payout: 1250, currency: 'USD', is_handover: false, skip_reason: null };
  const rows: PostbackRow[] = [
    { ...postback, postback_id: 'b1', seq: 3, partner_id: 'p1', ref_id: 'r1', status: 'pending', state: 'superseded' },
    { ...postback, postback_id: 'b2', seq: 5, partner_id: 'p2', ref_id: 'r2', status: 'approved', state: 'delivered' },
  ];
  return {
    eventsByLead: new Map([['lead', eventsOf()]]),
    settlements: [
      { ...settlement, seq: 3, status: 'pending', partner_id: 'p1', touch_seq: 1, reward: 'none' },
      { ...settlement, seq: 5, status: 'approved', partner_id: 'p2', touch_seq: 4, reward: 'book' },
    ],
    rewards: [{ conversion_id: 'c', seq: 5, partner_id: 'p2', kind: 'booked', amount: 1250, currency: 'USD' }],
    postbacks: rows,
    attempts: new Map([
      ['b1', [attemptOf('b1', 1, 10)]],
      ['b2', [delivered(attemptOf('b2', 1, 20))]],
    ]),
  };
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
    ...arrival('second', 'b2', 20.02, 200),
  ];
}

function arrival(call: string, postbackId: 'b1' | 'b2', seconds: number, answer: number): Entry[] {
  const status = postbackId === 'b1' ? 'pending' : 'approved';
  return [
    { at: at(seconds), type: 'received', call, postbackId, conversionId: 'c', status },
    { at: at(seconds + 0.03), type: 'answered', call, with: answer },
  ];
}
