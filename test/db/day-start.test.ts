import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { connectDb } from '../../src/db/connect.ts';
import { dayStart } from '../../src/db/day-start.ts';
import { addDays, beginOfDay } from '../../src/http/pages/console/days.ts';
import { dayLeftOut, daysOfZones } from '../support/days-of-zones.ts';
import { testPostgres } from '../support/servers.ts';

const ZONES = [...new Set(daysOfZones.map(([, zone]) => zone))];

describe('the beginning of a day in SQL', () => {
  let db: Knex;

  before(async () => {
    db = connectDb({ url: (await testPostgres()).adminUrl, poolSize: 1, statementTimeoutMs: 60_000 });
  });

  after(() => db.destroy());

  async function beginOf(day: string, timeZone: string): Promise<string> {
    const { rows } = await db.raw<{ rows: [{ moment: string }] }>(`select ${dayStart(':day')} as moment`, {
      day,
      timeZone,
    });
    return rows[0].moment;
  }

  for (const [day, zone, moment] of daysOfZones) {
    it(`of ${day} in ${zone} is ${moment}`, async () => assert.equal(await beginOf(day, zone), moment));
  }

  it('of a day that does not exist is that of the next one', async () => {
    const [day, zone, moment] = dayLeftOut;
    assert.equal(await beginOf(day, zone), moment);
    assert.equal(await beginOf(addDays(day, 1), zone), moment);
  });

  // Of years long past: on later ones Node and Postgres may differ, as each has its own release of the time zones.
  it('is the same as for the pages, on each day of years', async () => {
    const { rows } = await db.raw<{ rows: { day: string; zone: string; moment: string }[] }>(
      `select day::date::text as day, zone, ${dayStart('day', 'zone')} as moment
       from generate_series(timestamp '2017-01-01', timestamp '2018-12-31', interval '1 day') day
       cross join unnest(:zones::text[]) zone`,
      { zones: ZONES },
    );
    assert.deepEqual(
      rows.filter(({ day, zone, moment }) => beginOfDay(day, zone) !== moment),
      [],
    );
  });
});
