import assert from 'node:assert/strict';
import { listNames, type ColumnMapping } from '../../../src/domain/imports/columns.ts';
import { areSameColumns, type ReadBy } from '../../../src/domain/imports/same-columns.ts';

describe('the columns of a JSON file that an earlier version took in', () => {
  const names = new Set(['conversion_id', 'status', 'why', 'date']);
  const holds = (name: string) => names.has(name.toLowerCase());
  const ours = { conversion_id: 'conversion_id', status: 'status' };

  const earlier = (mapping: ColumnMapping): ReadBy => ({ mapping: { ...ours, ...mapping }, names: null });
  const now = (mapping: ColumnMapping, given: ColumnMapping = {}): ReadBy => ({
    mapping: { ...ours, ...mapping },
    names: listNames(given, [{ reason: 'Why', event_time: 'Event_Time' }]),
  });

  for (const [what, isSame, one, other] of [
    ['all that the file has, in whatever case', true, { reason: 'Why' }, now({ reason: 'why' })],
    ['guesses at what it has not', true, { reason: 'Comment', event_time: 'event_time' }, now({})],
    ['guesses in place of what it has', true, { reason: 'reason', event_time: 'Time' }, now({ event_time: 'Date' })],
    ['less than it has', true, {}, now({ reason: 'why' })],
    ['less than the caller names now', false, {}, now({ reason: 'why' }, { reason: 'Why' })],
    [
      'guesses in place of what the caller names now',
      false,
      { reason: 'x' },
      now({ reason: 'why' }, { reason: 'why' }),
    ],
    ['other columns', false, { reason: 'Why' }, now({ reason: 'Date' })],
    ['more than is looked for now', false, { reason: 'Why' }, now({})],
    ['more than another earlier version', true, { reason: 'Why' }, earlier({})],
    ['other columns than another earlier version', false, { reason: 'Why' }, earlier({ reason: 'date' })],
  ] as const) {
    it(`are ${isSame ? '' : 'not '}the same where they are ${what}`, () => {
      assert.equal(areSameColumns(earlier(one), other, holds), isSame);
      assert.equal(areSameColumns(other, earlier(one), holds), isSame);
    });
  }
});
