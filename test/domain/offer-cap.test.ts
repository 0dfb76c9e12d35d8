import assert from 'node:assert/strict';
import { findReachedCap, type OfferCap } from '../../src/domain/offer-cap.ts';

const cap: OfferCap = { day: 3, total: 10, timeZone: 'UTC', beyond: 'pay_nothing' };

describe('the cap of an offer', () => {
  it('has room as long as fewer were approved than it allows', () => {
    assert.equal(findReachedCap(cap, { day: 2, total: 9 }), undefined);
  });

  it('is reached for the day, or for good', () => {
    assert.deepEqual(findReachedCap(cap, { day: 3, total: 9 }), { reason: 'cap_day', limit: 3 });
    assert.deepEqual(findReachedCap(cap, { day: 0, total: 10 }), { reason: 'cap_total', limit: 10 });
    assert.deepEqual(findReachedCap(cap, { day: 3, total: 10 }), { reason: 'cap_total', limit: 10 });
  });

  it('of 0 takes nothing, and without a number it takes as many as come', () => {
    assert.deepEqual(findReachedCap({ ...cap, day: 0 }, { day: 0, total: 0 }), { reason: 'cap_day', limit: 0 });
    assert.equal(findReachedCap({ ...cap, day: null, total: null }, { day: 1e6, total: 1e6 }), undefined);
  });
});
