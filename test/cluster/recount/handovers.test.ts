import assert from 'node:assert/strict';
import type { Facts, PostbackRow } from './facts.ts';
import { recountHandovers } from './handovers.ts';
import { attemptOf, delivered, network, rightFacts, time } from './right-trial.ts';

describe('the recount of handovers', () => {
  let facts: Facts;

  // Partner p1 is told of the conversion as pending; p2 wins its approval, which is settled 15 s after the beginning.
  beforeEach(() => {
    facts = rightFacts();
    facts.attempts.set('b1', [delivered(attemptOf('b1', 1, 10))]);
    facts.postbacks[0]!.state = 'delivered';
    facts.postbacks.push(handoverTo('p1', 'r1'));
  });

  it('finds nothing when the partner that lost the lead hears of it', () => {
    assert.deepEqual(wrong(), []);
  });

  it('misses a handover, and sees one that goes out twice', () => {
    const handover = facts.postbacks.pop()!;
    assert.match(wrong().join(), /^missing: .*"partner_id":"p1"/);
    facts.postbacks.push(handover, { ...handover, postback_id: 'h2' });
    assert.equal(wrong().length, 1);
  });

  it('sees one that goes to another partner, or carries another ref_id, reason or payout', () => {
    const falsify = (changes: Partial<PostbackRow>) => {
      facts.postbacks[3] = { ...handoverTo('p1', 'r1'), ...changes };
      assert.equal(wrong().length, 1, JSON.stringify(changes));
    };
    falsify({ partner_id: 'p2' });
    falsify({ ref_id: 'r2' });
    falsify({ reason: null });
    falsify({ payout: 1250 });
  });

  it('sees one to a partner that was never told, or has not asked for it', () => {
    facts.attempts.set('b1', [attemptOf('b1', 1, 10)]);
    assert.match(wrong().join(), /never told pending/);
    facts.attempts.set('b1', [{ ...attemptOf('b1', 1, 10), error: 'timeout' }]);
    assert.deepEqual(wrong(), [], 'after a timeout nobody knows');
    facts.settlements[1]!.partner_id = 'p2';
    facts.postbacks[0]!.partner_id = 'p2';
    assert.match(wrong().join(), /^nobody asked for/);
  });

  it('allows both when the call of the pending was answered while the approval was settled', () => {
    facts.attempts.set('b1', [{ ...attemptOf('b1', 1, 14), ended_at: time(15.5) }]);
    assert.deepEqual(wrong(), []);
    facts.postbacks.pop();
    assert.deepEqual(wrong(), []);
  });

  function wrong(): string[] {
    return recountHandovers(facts, network).wrong;
  }
});

function handoverTo(partner_id: string, ref_id: string): PostbackRow {
  return {
    ...{
      postback_id: 'h1',
      conversion_id: 'c',
      seq: 5,
      partner_id,
      ref_id,
      status: 'rejected',
      reason: 'reattributed',
    },
    ...{ payout: 0, currency: 'USD', is_handover: true, state: 'delivered', skip_reason: null },
  };
}
