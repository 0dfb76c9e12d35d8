import assert from 'node:assert/strict';
import { addDays, beginOfDay, dayOf, isDay } from '../../../../src/http/pages/console/days.ts';
import { dayLeftOut, daysOfZones } from '../../../support/days-of-zones.ts';

describe('days of a time zone', () => {
  for (const [day, zone, moment] of daysOfZones) {
    it(`${day} begins in ${zone} at ${moment}`, () => {
      assert.equal(beginOfDay(day, zone), moment);
      assert.equal(dayOf(Date.parse(moment), zone), day);
      assert.equal(dayOf(Date.parse(moment) - 1, zone), addDays(day, -1));
    });
  }

  it('that do not exist begin and end where the next one begins', () => {
    const [day, zone, moment] = dayLeftOut;
    assert.equal(beginOfDay(day, zone), moment);
    assert.equal(beginOfDay(addDays(day, 1), zone), moment);
  });

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
