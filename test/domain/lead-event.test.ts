import assert from 'node:assert/strict';
import { isLeadEvent } from '../../src/domain/lead-event.ts';
import { conversion, numbered, status, touch, touchWithBadRefId } from '../support/leads/events.ts';

const GOOD = numbered([touch('ann', 'a1'), touch('ann'), touchWithBadRefId('ann'), conversion(), status('pending')]);

describe('the shape of a lead event', () => {
  it('is that of every kind of event', () => {
    for (const event of [...GOOD, { ...GOOD[4], reason: '😀'.repeat(500) }]) {
      assert.equal(isLeadEvent(event), true, JSON.stringify(event));
    }
  });

  it('is not that of anything else', () => {
    const [aTouch, , , aConversion, aStatus] = GOOD;
    const bad: unknown[] = [
      ...[null, undefined, 1, 'touch', [], {}, { seq: 3 }],
      ...[0, -1, 1.5, 2 ** 31, '3', null].map((seq) => ({ ...aTouch, seq })),
      ...['yesterday', '2026-01-01', '2026-13-01T00:00:00.000Z', '9999-01-01T00:00:00.000Z', 5, null].map((at) => ({
        ...aTouch,
        at,
      })),
      ...['visit', '', null, 'constructor'].map((type) => ({ ...aTouch, type })),
      ...['', 7, null, undefined, 'x'.repeat(65), {}].map((partnerId) => ({ ...aTouch, partnerId })),
      ...['', 7, undefined, 'x'.repeat(33), 'a\nb'].map((refId) => ({ ...aTouch, refId })),
      ...['strange', undefined, 7].map((refIdProblem) => ({ ...aTouch, refIdProblem })),
      ...['conversionId', 'offerId', 'advertiserId'].flatMap((name) => [
        { ...aConversion, [name]: undefined },
        { ...aStatus, [name]: ['c1'] },
      ]),
      ...['paid', null, undefined, 'APPROVED'].map((word) => ({ ...aStatus, status: word })),
      ...[undefined, 7, 'x'.repeat(501)].map((reason) => ({ ...aStatus, reason })),
    ];
    for (const event of bad) assert.equal(isLeadEvent(event), false, JSON.stringify(event));
  });
});
