import assert from 'node:assert/strict';
import { readEventTime } from '../../../src/domain/imports/event-time.ts';

describe("an advertiser's own time", () => {
  for (const [text, expected] of [
    ['2026-01-31T09:15:00Z', '2026-01-31T09:15:00.000Z'],
    ['2026-01-31 09:15:00', '2026-01-31T09:15:00.000Z'],
    ['2026-01-31 09:15', '2026-01-31T09:15:00.000Z'],
    [' 2026-01-31T09:15:00.123456+02:00 ', '2026-01-31T07:15:00.123Z'],
    ['2026-01-31T09:15:00-0530', '2026-01-31T14:45:00.000Z'],
    ['1769850900', '2026-01-31T09:15:00.000Z'],
    ['1769850900123', '2026-01-31T09:15:00.123Z'],
  ] as const) {
    it(`may be ${text}`, () => assert.equal(readEventTime(text), expected));
  }

  for (const text of [
    '2026-01-31',
    '31.01.2026 09:15',
    '2026-02-30T00:00:00Z',
    '2026-01-31T25:00:00Z',
    'now',
    '',
    '17',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+03:00',
    '9999-12-31T23:59:59-05:00',
  ]) {
    it(`is not "${text}"`, () => assert.equal(readEventTime(text), undefined));
  }
});
