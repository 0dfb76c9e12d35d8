import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { connectDb } from '../../../src/db/connect.ts';
import { readRange } from '../../../src/db/reports/stats-range.ts';
import { testPostgres } from '../../support/servers.ts';

const HAVANA = 'America/Havana';

describe('the range of figures', () => {
  let db: Knex;

  before(async () => {
    db = connectDb({ url: (await testPostgres()).adminUrl, poolSize: 1, statementTimeoutMs: 60_000 });
  });

  after(() => db.destroy());

  // In Havana the hour from midnight comes twice on 1 November 2026, from 04:00 and from 05:00 UTC.
  it('begins and ends a day with its first midnight', async () => {
    assert.deepEqual(await readRange(db, { from: '2026-11-01', to: '2026-11-02', time_zone: HAVANA }), {
      from: '2026-11-01T04:00:00.000Z',
      to: '2026-11-02T05:00:00.000Z',
      days: ['2026-11-01'],
    });
    assert.deepEqual(await readRange(db, { from: '2026-10-31', to: '2026-11-01', time_zone: HAVANA }), {
      from: '2026-10-31T04:00:00.000Z',
      to: '2026-11-01T04:00:00.000Z',
      days: ['2026-10-31'],
    });
  });

  it('holds the day of the hour that comes twice, also when it ends within it', async () => {
    for (const to of ['2026-11-01T05:00:00.000Z', '2026-11-01T05:30:00.000Z']) {
      const { days } = await readRange(db, { from: '2026-10-31', to, time_zone: HAVANA });
      assert.deepEqual(days, ['2026-10-31', '2026-11-01'], to);
    }
  });

  it('begins thirty days before its end by the calendar, with a first midnight as well', async () => {
    const { from, days } = await readRange(db, { to: '2026-12-01', time_zone: HAVANA });
    assert.equal(from, '2026-11-01T04:00:00.000Z');
    assert.deepEqual([days.length, days[0]], [30, '2026-11-01']);
  });

  it('begins with the day where clocks skip midnight', async () => {
    for (const [from, to, time_zone, moment] of [
      ['2026-03-08', '2026-03-09', HAVANA, '2026-03-08T05:00:00.000Z'],
      ['2026-03-29', '2026-03-30', 'Asia/Beirut', '2026-03-28T22:00:00.000Z'],
      ['2017-10-15', '2017-10-16', 'America/Sao_Paulo', '2017-10-15T03:00:00.000Z'],
    ] as const) {
      const range = await readRange(db, { from, to, time_zone });
      assert.deepEqual([range.from, range.days], [moment, [from]]);
    }
  });

  it('may be of 400 days by the calendar, also when they have an hour more', async () => {
    const inBerlin = { to: '2026-11-15', time_zone: 'Europe/Berlin' };
    const { days } = await readRange(db, { from: '2025-10-11', ...inBerlin });
    assert.equal(days.length, 400);
    await assert.rejects(readRange(db, { from: '2025-10-10', ...inBerlin }), /must be 400 days before to at most/);
  });
});
