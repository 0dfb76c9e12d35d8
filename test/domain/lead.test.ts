import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { LeadEvent, StatusEvent } from '../../src/domain/lead-event.ts';
import {
  applyEvent,
  hasForgotten,
  isNext,
  isReusedNumber,
  latestSeq,
  newLead,
  recallConversion,
  settlementFor,
  windowEndsAt,
  type ConversionState,
  type LeadState,
} from '../../src/domain/lead.ts';
import { judgeRefId } from '../../src/domain/ref-id.ts';
import { judgeTransition, parseStatus, statuses } from '../../src/domain/status.ts';
import {
  START,
  conversion,
  leadAfter,
  numbered,
  status,
  touch,
  touchWithBadRefId,
  type Fact,
} from '../support/leads/events.ts';
import { assertFields } from '../support/fields.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What the last fact, a status, asks for after all the facts before it. */
function settlementOf(...facts: Fact[]) {
  const events = numbered(facts);
  return settlementFor(events.slice(0, -1).reduce(applyEvent, newLead()), events.at(-1) as StatusEvent);
}

/** With whom the last fact is settled and what becomes of the reward. */
function outcomeOf(...facts: Fact[]) {
  const { holder, reward } = settlementOf(...facts);
  return { partnerId: holder?.partnerId, reward };
}

describe('the rules of a lead', () => {
  it('R3: the last partner with a touch is the linked partner', () => {
    assert.equal(leadAfter(touch('ann'), touch('bob'), touch('ann'), touch('cat')).holder?.partnerId, 'cat');
    assert.equal(leadAfter(touch('ann'), conversion()).holder?.partnerId, 'ann');
  });

  it('R4: the house holds a lead only as long as no partner ever touched it', () => {
    assert.equal(leadAfter(conversion()).holder, null);
    assert.equal(leadAfter(conversion(), touch('ann')).holder?.partnerId, 'ann');
    assert.equal(leadAfter(touch('ann'), conversion(), conversion('c2')).holder?.partnerId, 'ann');
  });

  it("R5: a later touch by the same partner without a ref_id keeps that partner's earlier ref_id", () => {
    assert.equal(leadAfter(touch('ann', 'a1'), touch('ann')).holder?.refId, 'a1');
    assert.equal(leadAfter(touch('ann', 'a1'), touch('ann', 'a2')).holder?.refId, 'a2');
  });

  it('R5: a touch by another partner replaces partner and ref_id together', () => {
    const lead = leadAfter(touch('ann', 'a1'), touch('bob'));
    assertFields(lead.holder, { partnerId: 'bob', refId: null });
    assert.equal(leadAfter(touch('ann', 'a1'), touch('bob', 'b1'), touch('ann')).holder?.refId, null);
  });

  it('R5: an unusable ref_id counts as a touch and turns postbacks off, whatever came before', () => {
    const lead = leadAfter(touch('ann', 'a1'), touchWithBadRefId('ann'));
    assertFields(lead.holder, { refId: null, refIdProblem: 'too_long' });
  });

  it('R5: a ref_id has at most 32 characters and no control characters, and is never truncated', () => {
    assert.deepEqual(judgeRefId('x'.repeat(32)), { refId: 'x'.repeat(32), problem: null });
    assert.deepEqual(judgeRefId('😀'.repeat(32)), { refId: '😀'.repeat(32), problem: null });
    assert.deepEqual(judgeRefId('x'.repeat(33)), { refId: null, problem: 'too_long' });
    for (const control of ['\0', '\n', '\x7f', '\u0085', '\u2028']) {
      assert.deepEqual(
        judgeRefId(`a${control}b`),
        { refId: null, problem: 'control_characters' },
        JSON.stringify(control),
      );
    }
    for (const mangled of ['caf\ufffd', '\ud800']) {
      assert.deepEqual(judgeRefId(mangled), { refId: null, problem: 'undecodable' }, JSON.stringify(mangled));
    }
    assert.deepEqual(judgeRefId(''), { refId: null, problem: null });
    assert.deepEqual(judgeRefId(undefined), { refId: null, problem: null });
  });

  it('R7: a status is recorded, a duplicate or stale, depending on the one before', () => {
    const table = {
      none: { pending: 'recorded', approved: 'recorded', rejected: 'recorded' },
      pending: { pending: 'duplicate', approved: 'recorded', rejected: 'recorded' },
      approved: { pending: 'stale', approved: 'duplicate', rejected: 'recorded' },
      rejected: { pending: 'stale', approved: 'recorded', rejected: 'duplicate' },
    };
    for (const [current, row] of Object.entries(table)) {
      for (const reported of statuses) {
        const known = statuses.find((word) => word === current) ?? null;
        assert.equal(judgeTransition(known, reported), row[reported], `${current} → ${reported}`);
      }
    }
  });

  it('R7: the standard words are known in any case, and no others', () => {
    assert.equal(parseStatus('APPROVED'), 'approved');
    assert.equal(parseStatus(' Pending '), 'pending');
    assert.equal(parseStatus('rejected'), 'rejected');
    for (const word of ['', 'approve', '1', 'constructor']) assert.equal(parseStatus(word), undefined, word);
  });

  it('R8: each status goes to the partner linked when it is handled', () => {
    assert.equal(settlementOf(touch('ann'), conversion(), status('pending')).holder?.partnerId, 'ann');
    const later = outcomeOf(touch('ann'), conversion(), status('pending'), touch('bob'), status('rejected'));
    assert.deepEqual(later, { partnerId: 'bob', reward: 'none' });
  });

  it('R8: the partner linked when approved arrives wins, and the conversion stays with it', () => {
    const facts = [touch('ann'), conversion(), touch('bob'), status('approved')];
    assert.deepEqual(outcomeOf(...facts), { partnerId: 'bob', reward: 'book' });
    const reversed = outcomeOf(...facts, touch('cat'), status('rejected'));
    assert.deepEqual(reversed, { partnerId: 'bob', reward: 'revoke' });
    const again = outcomeOf(...facts, touch('cat'), status('rejected'), status('approved'));
    assert.deepEqual(again, { partnerId: 'bob', reward: 'book' });
  });

  it('R8: a rejection that is corrected is won by the partner linked then, and a rejection alone revokes nothing', () => {
    const corrected = outcomeOf(touch('ann'), conversion(), status('rejected'), touch('bob'), status('approved'));
    assert.deepEqual(corrected, { partnerId: 'bob', reward: 'book' });
    assert.equal(settlementOf(touch('ann'), conversion(), status('rejected')).reward, 'none');
  });

  it('R8: a conversion approved while the house held the lead stays the house’s', () => {
    assertFields(settlementOf(conversion(), status('approved')), { holder: null, reward: 'none' });
    const later = settlementOf(conversion(), status('approved'), touch('ann'), status('rejected'));
    assertFields(later, { holder: null, reward: 'none' });
  });

  it('R8: two conversions of one lead are won apart from each other', () => {
    const facts = [touch('ann'), conversion('c1'), conversion('c2'), status('approved', 'c1'), touch('bob')];
    assert.equal(settlementOf(...facts, status('approved', 'c2')).holder?.partnerId, 'bob');
    assert.equal(settlementOf(...facts, status('rejected', 'c1')).holder?.partnerId, 'ann');
  });

  it('R14: the partner who was told pending and lost the lead is named once, when another wins', () => {
    const facts = [touch('ann'), conversion(), status('pending')];
    assert.equal(settlementOf(...facts, touch('bob'), status('approved')).lostBy?.partnerId, 'ann');
    assert.equal(settlementOf(...facts, status('approved')).lostBy, null);
    assert.equal(settlementOf(...facts, touch('bob'), status('rejected')).lostBy, null);
    const again = settlementOf(...facts, touch('bob'), status('approved'), status('rejected'), status('approved'));
    assert.equal(again.lostBy, null);
  });

  it('R9: the window runs from the last touch or conversion, and a status does not move it', () => {
    const [first, second, third] = numbered([touch('ann'), conversion(), status('pending')]) as [
      LeadEvent,
      LeadEvent,
      LeadEvent,
    ];
    const lead = [
      first,
      { ...second, at: '2026-01-05T00:00:00.000Z' },
      { ...third, at: '2026-01-09T00:00:00.000Z' },
    ].reduce(applyEvent, newLead());
    assert.equal(windowEndsAt(lead, 14 * DAY_MS), Date.parse('2026-01-19T00:00:00.000Z'));
    assert.equal(windowEndsAt(newLead(), 14 * DAY_MS), undefined);
    assert.equal(windowEndsAt(leadAfter(touch('ann')), 14 * DAY_MS), Date.parse(START) + 14 * DAY_MS);
  });

  it('a lead remembers a bounded number of clicks, and a status names a forgotten one anew', () => {
    const facts = Array.from({ length: 150 }, (_, index) => conversion(`c${index}`));
    const lead = leadAfter(touch('ann'), ...facts);
    assert.equal(lead.conversions.length, 100);
    const event = numbered([status('approved', 'c0')], { after: lead.appliedSeq })[0] as StatusEvent;
    assert.equal(settlementFor(lead, event).holder?.partnerId, 'ann');
    assert.equal(applyEvent(lead, event).conversions.at(-1)?.status, 'approved');
  });

  it('a repeat is known by its time from another event that has got the same number', () => {
    const [first, second] = numbered([touch('ann'), conversion()]) as [LeadEvent, LeadEvent];
    const later = '2026-01-01T00:00:01.000Z';
    const lead = [first, { ...second, at: later }].reduce(applyEvent, newLead());
    for (const at of [START, later]) assert.equal(isReusedNumber(lead, { ...first, at }), false, at);
    const after = '2026-01-01T00:00:01.001Z';
    assert.equal(isReusedNumber(lead, { ...second, at: after }), true);
    assert.equal(isReusedNumber(lead, { ...second, seq: 3, at: after }), false);
    const fromBefore = { ...newLead(), appliedSeq: 2 };
    assert.equal(isReusedNumber(fromBefore, { ...second, at: after }), false, 'it does not know its time');
  });

  it('a lead remembers a bounded number of conversions with a status, and settles a forgotten one as if it had not', () => {
    const ids = Array.from({ length: 150 }, (_, index) => `c${index}`);
    const facts = [touch('ann', 'a1'), ...ids.flatMap((id) => [conversion(id), status('pending', id)]), touch('bob')];
    const lead = leadAfter(...facts);
    assert.equal(lead.conversions.length, 100);
    const [event] = numbered([status('approved', 'c0')], { after: lead.appliedSeq }) as [StatusEvent];
    assert.equal(hasForgotten(lead, event), true);
    const own = [facts[0], status('pending', 'c0')] as Fact[];
    const [conversionOfOwn] = leadAfter(...own).conversions as [ConversionState];
    const recalled = recallConversion(lead, conversionOfOwn);
    assert.equal(hasForgotten(recalled, event), false);
    assertFields(settlementFor(recalled, event), { lostBy: leadAfter(touch('ann', 'a1')).holder, reward: 'book' });
    assert.equal(applyEvent(recalled, event).conversions.length, 100);
  });

  it('a lead carries no more than fits into a payload, however many conversions were decided', () => {
    const ids = Array.from({ length: 3000 }, (_, index) => `${index}-${'x'.repeat(32)}`);
    const lead = leadAfter(touch('ann', '😀'.repeat(32)), ...ids.map((id) => status('approved', id)));
    assert.ok(JSON.stringify(lead).length < 100_000, `${JSON.stringify(lead).length} characters`);
  });

  it('the latest number is found among any number of events', () => {
    const [event] = numbered([touch('ann')], { after: 6 }) as [LeadEvent];
    assert.equal(latestSeq(Array<LeadEvent>(200_000).fill(event), 5), 7);
    assert.equal(latestSeq([event], 9), 9);
  });

  it('a lead that has forgotten nothing needs to be told nothing', () => {
    const lead = leadAfter(touch('ann'), conversion('c1'), status('pending', 'c1'));
    const [event] = numbered([status('approved', 'c2')], { after: 3 }) as [StatusEvent];
    assert.equal(hasForgotten(lead, event), false);
  });

  it('any interleaving, repetition and order of delivery yields the same attribution', () => {
    const partner = fc.constantFrom('ann', 'bob', 'cat');
    const conversionId = fc.constantFrom('c1', 'c2');
    const fact = fc.oneof<fc.Arbitrary<Fact>[]>(
      fc.tuple(partner, fc.option(fc.constantFrom('r1', 'r2'))).map(([partnerId, refId]) => touch(partnerId, refId)),
      partner.map(touchWithBadRefId),
      conversionId.map(conversion),
      fc.tuple(fc.constantFrom(...statuses), conversionId).map(([word, id]) => status(word, id)),
    );
    fc.assert(
      fc.property(fc.array(fact, { minLength: 1, maxLength: 30 }), fc.infiniteStream(fc.nat()), (facts, choices) => {
        const events = numbered(facts);
        const inOrder = events.reduce(applyEvent, newLead());
        assert.deepEqual(deliverAnyhow(events, choices), inOrder);
      }),
    );
  });
});

/** Delivers events as a bad day would: late, early, several times; the lead takes what is next and fetches gaps. */
function deliverAnyhow(events: LeadEvent[], choices: Iterator<number>): LeadState {
  let lead = newLead();
  for (let delivered = 0; delivered < events.length * 4; delivered++) {
    const event = events[(choices.next().value as number) % events.length] as LeadEvent;
    for (const missing of events.slice(lead.appliedSeq, event.seq))
      if (isNext(lead, missing)) lead = applyEvent(lead, missing);
  }
  for (const event of events) if (isNext(lead, event)) lead = applyEvent(lead, event);
  return lead;
}
