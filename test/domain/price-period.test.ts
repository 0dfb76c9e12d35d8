import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import fc from 'fast-check';
import { dayAfter, periodOf, pricePeriods, type PricePeriod } from '../../src/domain/price-period.ts';
import { connectDb } from '../../src/db/connect.ts';
import { testPostgres } from '../support/servers.ts';

// Clocks that change in spring and autumn on either half of the earth, at midnight, by half an hour, or never.
const TIME_ZONES = [
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'America/Santiago', 'Africa/Cairo', 'Asia/Beirut'],
  ...['Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'Pacific/Kiritimati', 'America/St_Johns'],
];

describe('periods of a price list', () => {
  const told: [string, PricePeriod, string, string][] = [
    ['2026-03-29T00:59:59.999Z', 'day', 'Europe/Berlin', '2026-03-29'],
    ['2026-03-28T22:59:59.999Z', 'day', 'Europe/Berlin', '2026-03-28'],
    ['2026-03-29T21:59:59.999Z', 'day', 'Europe/Berlin', '2026-03-29'],
    ['2026-03-29T22:00:00.000Z', 'day', 'Europe/Berlin', '2026-03-30'],
    ['2026-10-24T22:00:00.000Z', 'day', 'Europe/Berlin', '2026-10-25'],
    ['2026-10-25T22:59:59.999Z', 'day', 'Europe/Berlin', '2026-10-25'],
    ['2026-10-25T23:00:00.000Z', 'day', 'Europe/Berlin', '2026-10-26'],
    ['2026-10-31T23:00:00.000Z', 'month', 'Europe/Berlin', '2026-11-01'],
    ['2026-11-01T04:59:59.999Z', 'month', 'America/Chicago', '2026-10-01'],
    ['2028-02-29T12:00:00.000Z', 'month', 'UTC', '2028-02-01'],
    ['2026-11-26T12:00:00.000Z', 'week', 'UTC', '2026-11-23'],
    ['2026-11-29T23:59:59.999Z', 'week', 'UTC', '2026-11-23'],
    ['2026-11-30T00:00:00.000Z', 'week', 'UTC', '2026-11-30'],
    ['2026-12-31T23:30:00.000Z', 'week', 'Europe/Berlin', '2026-12-28'],
    ['2026-11-26T12:00:00.000Z', 'all', 'Europe/Berlin', '1970-01-01'],
  ];
  for (const [at, period, timeZone, first] of told) {
    it(`${at} lies in the ${period} of ${timeZone} that begins with ${first}`, () =>
      assert.equal(periodOf(at, { period, timeZone }), first));
  }

  it('end with the day before the next one', () => {
    assert.equal(dayAfter('2026-02-28'), '2026-03-01');
    assert.equal(dayAfter('2026-12-31'), '2027-01-01');
  });

  describe('beside the calendar of Postgres', () => {
    let db: Knex;

    before(async () => {
      db = connectDb({ url: (await testPostgres()).adminUrl, poolSize: 1, statementTimeoutMs: 5000 });
    });

    after(() => db.destroy());

    it('begin on the same date at any moment, in any time zone', async () => {
      const at = fc
        .date({ min: new Date('2015-01-01'), max: new Date('2036-01-01'), noInvalidDate: true })
        .map((date) => date.toISOString());
      const asked = fc.record({
        at,
        timeZone: fc.constantFrom(...TIME_ZONES),
        period: fc.constantFrom(...pricePeriods.filter((period) => period !== 'all')),
      });
      const samples = fc.sample(asked, 3000);
      const { rows } = await db.raw<{ rows: { first: string }[] }>(
        `select date_trunc(s.period, s.at at time zone s.zone)::date::text as first
         from unnest(:ats::timestamptz[], :zones::text[], :periods::text[]) with ordinality s (at, zone, period, n)
         order by s.n`,
        {
          ats: samples.map((sample) => sample.at),
          zones: samples.map(({ timeZone }) => timeZone),
          periods: samples.map(({ period }) => period),
        },
      );
      const told = samples.map((sample) => ({ ...sample, first: periodOf(sample.at, sample) }));
      assert.deepEqual(
        told,
        samples.map((sample, index) => ({ ...sample, first: rows[index]?.first })),
      );
    });
  });
});
