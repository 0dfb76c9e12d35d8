import assert from 'node:assert/strict';
import { readLocalTime, writeLocalTime } from '../../../../src/http/pages/console/local-time.ts';
import { tellRelative, tellSpan } from '../../../../src/http/pages/console/tell-time.ts';

const BERLIN = 'Europe/Berlin';

describe('a time that a reader types', () => {
  it('is meant in its own zone, in summer and in winter', () => {
    assert.equal(readLocalTime('2026-01-31T09:15', BERLIN), '2026-01-31T08:15:00.000Z');
    assert.equal(readLocalTime('2026-07-31T09:15:30', BERLIN), '2026-07-31T07:15:30.000Z');
    assert.equal(readLocalTime('2026-07-31T09:15', 'Asia/Kathmandu'), '2026-07-31T03:30:00.000Z');
  });

  it('is understood on both sides of a change of clocks', () => {
    assert.equal(readLocalTime('2026-03-29T01:59', BERLIN), '2026-03-29T00:59:00.000Z');
    assert.equal(readLocalTime('2026-03-29T03:00', BERLIN), '2026-03-29T01:00:00.000Z');
    assert.equal(readLocalTime('2026-10-25T03:30', BERLIN), '2026-10-25T02:30:00.000Z');
  });

  it('is the first of its kind where clocks show it twice, and the next that there is where they skip it', () => {
    for (const [typed, zone, moment] of [
      ['2026-11-01T00:30', 'America/Havana', '2026-11-01T04:30:00.000Z'],
      ['2026-03-08T00:30', 'America/Havana', '2026-03-08T05:30:00.000Z'],
      ['2026-10-25T02:30', BERLIN, '2026-10-25T00:30:00.000Z'],
      ['2026-03-29T02:30', BERLIN, '2026-03-29T01:30:00.000Z'],
      ['2026-04-05T01:45', 'Australia/Lord_Howe', '2026-04-04T14:45:00.000Z'],
    ] as const) {
      assert.equal(readLocalTime(typed, zone), moment, `${typed} in ${zone}`);
    }
  });

  it('comes back as it was typed', () => {
    for (const zone of ['UTC', BERLIN, 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia']) {
      for (const typed of ['2026-01-31T09:15:00', '2026-07-31T23:59:59', '2026-12-31T00:00:01']) {
        assert.equal(writeLocalTime(readLocalTime(typed, zone) ?? '', zone), typed, zone);
      }
    }
  });

  it('may say UTC itself, as links of ours do', () => {
    assert.equal(readLocalTime('2026-01-31T09:15:00.123Z', BERLIN), '2026-01-31T09:15:00.123Z');
  });

  it('is refused when it is none, or of a day that cannot be', () => {
    const none = ['', 'soon', '2026-01-31', '2026-13-31T09:15', '2026-01-31T25:00', '2026-01-31T09:15+02:00'];
    for (const text of [...none, '2026-02-30T09:15', '0001-01-01T00:00', '9999-12-31T23:59']) {
      assert.equal(readLocalTime(text, BERLIN), undefined, text);
    }
  });
});

describe('how long ago something was', () => {
  const nowMs = Date.parse('2026-11-26T01:30:00Z');
  const told: [string, string, string][] = [
    ['UTC', '2026-11-26T01:29:50Z', 'just now'],
    ['UTC', '2026-11-25T02:00:00Z', '23 hr ago'],
    ['UTC', '2026-11-25T01:00:00Z', 'yesterday, 01:00'],
    ['UTC', '2026-11-24T23:59:00Z', '24 Nov, 23:59'],
    ['Asia/Tokyo', '2026-11-24T23:59:00Z', 'yesterday, 08:59'],
    ['UTC', '2026-11-24T01:00:00Z', '24 Nov, 01:00'],
    ['UTC', '2025-11-24T01:00:00Z', '24 Nov 2025, 01:00'],
    ['UTC', '2026-11-29T01:30:00Z', '29 Nov, 01:30'],
  ];
  for (const [zone, at, text] of told) {
    it(`is said by the calendar of ${zone} after a day: ${text}`, () =>
      assert.equal(tellRelative(at, nowMs, zone), text));
  }
});

describe('a span of time', () => {
  it('names its day once, or both of its days', () => {
    const [from, to, next] = ['2026-11-25T09:02:10Z', '2026-11-25T12:40:00Z', '2026-11-26T00:30:00Z'];
    assert.equal(tellSpan(from, to, BERLIN), 'on 25 Nov between 10:02 and 13:40');
    assert.equal(tellSpan(from, from, BERLIN), 'on 25 Nov at 10:02');
    assert.equal(tellSpan(to, next, BERLIN), 'between 25 Nov, 13:40 and 26 Nov, 01:30');
  });
});
