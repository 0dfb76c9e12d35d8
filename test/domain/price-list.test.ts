import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  checkTiers,
  findPriceList,
  findTier,
  judgePriceList,
  MAX_TIERS,
  type PriceListScope,
  type PriceTier,
} from '../../src/domain/price-list.ts';

const amount = fc.integer({ min: 0, max: 1_000_000 });

/** Tiers as they may be: from 0, rising. */
const usableTiers: fc.Arbitrary<PriceTier[]> = fc
  .uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 8 })
  .chain((froms) =>
    fc.tuple(...[0, ...froms.toSorted((a, b) => a - b)].map((from) => amount.map((each) => ({ from, amount: each })))),
  );

describe('tiers of a price list', () => {
  it('can be used when they begin from 0 and rise', () => {
    fc.assert(fc.property(usableTiers, (tiers) => assert.equal(checkTiers(tiers), undefined)));
  });

  const refused: [string, PriceTier[], RegExp][] = [
    ['none at all', [], /at least one tier/],
    ['a first one that is not from 0', [{ from: 5, amount: 1 }], /begin with a tier from 0/],
    ['two from the same number', [0, 5, 5].map((from) => ({ from, amount: 1 })), /the one from 5 does not/],
    ['one that goes back', [0, 9, 5].map((from) => ({ from, amount: 1 })), /the one from 5 does not/],
    [
      'more than anybody means',
      Array.from({ length: MAX_TIERS + 1 }, (_, from) => ({ from, amount: 1 })),
      /50 tiers at most/,
    ],
  ];
  for (const [name, tiers, message] of refused) {
    it(`are refused: ${name}`, () => assert.match(checkTiers(tiers) ?? '', message));
  }

  it('R13: from 5 begins with the sixth conversion of the period', () => {
    const tiers = [
      { from: 0, amount: 1000 },
      { from: 5, amount: 1200 },
    ];
    const paid = Array.from({ length: 7 }, (_, before) => findTier(tiers, before).amount);
    assert.deepEqual(paid, [1000, 1000, 1000, 1000, 1000, 1200, 1200]);
  });

  it('R13: a conversion is paid by the tier with the highest number that is not above those before it', () => {
    fc.assert(
      fc.property(usableTiers, fc.nat({ max: 400 }), (tiers, before) => {
        const found = findTier(tiers, before);
        assert.ok(found.from <= before);
        assert.ok(tiers.every(({ from }) => from <= found.from || from > before));
      }),
    );
  });
});

const MINUTES = Array.from({ length: 12 }, (_, minute) => new Date(Date.UTC(2026, 10, 26, 12, minute)).toISOString());
const moment = fc.constantFrom(...MINUTES);
const partner = fc.constantFrom(null, 'ann', 'bob');

/** Versions rise by one for each partner, in the order in which the lists were made. */
const lists: fc.Arbitrary<PriceListScope[]> = fc
  .array(fc.record({ effectiveFrom: moment, partnerId: partner }), { maxLength: 12 })
  .map((made) =>
    made.map((list, index) => ({
      ...list,
      version: made.slice(0, index + 1).filter(({ partnerId }) => partnerId === list.partnerId).length,
    })),
  );

describe('the price list that applies', () => {
  it("R13: is the partner's own before the general one, and of each the latest that has begun", () => {
    fc.assert(
      fc.property(lists, moment, partner, (all, at, partnerId) => {
        const found = findPriceList(all, { at, partnerId });
        const begun = all.filter((list) => list.effectiveFrom <= at);
        const own = begun.filter((list) => partnerId !== null && list.partnerId === partnerId);
        const rivals = own.length > 0 ? own : begun.filter((list) => list.partnerId === null);
        assert.equal(found === undefined, rivals.length === 0);
        if (!found) return;
        assert.ok(rivals.includes(found));
        for (const rival of rivals) {
          assert.ok(rival.effectiveFrom <= found.effectiveFrom);
          if (rival.effectiveFrom === found.effectiveFrom) assert.ok(rival.version <= found.version);
        }
      }),
    );
  });

  it('is the current one of its partner; at any moment there is one at most', () => {
    fc.assert(
      fc.property(lists, moment, partner, (all, now, partnerId) => {
        const current = all.filter(
          (list) => list.partnerId === partnerId && judgePriceList(list, all, now) === 'current',
        );
        const applies = findPriceList(
          all.filter((list) => list.partnerId === partnerId),
          { at: now, partnerId },
        );
        assert.deepEqual(current, applies ? [applies] : []);
      }),
    );
  });

  it('comes later, has been replaced, or never applies because a later version begins at the same moment', () => {
    const list = (version: number, minute: number, partnerId: string | null = null) => ({
      version,
      effectiveFrom: MINUTES[minute] ?? '',
      partnerId,
    });
    const all = [list(1, 0), list(2, 3), list(3, 3), list(4, 8), list(1, 5, 'ann')];
    const states = all.map((each) => judgePriceList(each, all, MINUTES[4] ?? ''));
    assert.deepEqual(states, ['past', 'superseded', 'current', 'coming', 'coming']);
  });
});
