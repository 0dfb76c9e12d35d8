import assert from 'node:assert/strict';
import { addDays, beginOfDay, dayOf, isDay } from '../../../../src/http/pages/console/days.ts';

describe('days of a time zone', () => {
  for (const [day, zone, moment] of [
    ['2026-11-26', 'UTC', '2026-11-26T00:00:00.000Z'],
    ['2026-11-26', 'Europe/Berlin', '2026-11-25T23:00:00.000Z'],
    ['2026-11-26', 'America/Los_Angeles', '2026-11-26T08:00:00.000Z'],
    ['2026-11-26', 'Asia/Kolkata', '2026-11-25T18:30:00.000Z'],
    ['2026-11-26', 'Pacific/Kiritimati', '2026-11-25T10:00:00.000Z'],
    // The clocks change on these days, and on the days before the next two.
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
    ['2026-10-25', 'Europe/Berlin', '2026-10-24T22:00:00.000Z'],
    ['2026-10-26', 'Europe/Berlin', '2026-10-25T23:00:00.000Z'],
    ['2026-03-09', 'America/New_York', '2026-03-09T04:00:00.000Z'],
  ] as const) {
    it(`${day} begins in ${zone} at ${moment}`, () => {
      assert.equal(beginOfDay(day, zone), moment);
      assert.equal(dayOf(Date.parse(moment), zone), day);
      assert.equal(dayOf(Date.parse(moment) - 1, zone), addDays(day, -1));
    });
  }

  it('are told from what is no day', () => {
    assert.ok(isDay('2028-02-29'));
    for (const text of [
      '2026-02-29',
      '2026-13-01',
      '26-01-01',
      '',
      'today',
      '2026-01-01T00:00:00Z',
      '0001-01-01',
      '9999-12-31',
    ]) {
      assert.ok(!isDay(text), text);
    }
  });
});
