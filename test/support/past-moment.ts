import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { eventually } from './eventually.ts';

/** A moment in milliseconds, later than all that has happened and not in the future, by the clock of the database. */
export async function readPastMoment(db: Knex): Promise<string> {
  const { rows } = await db.raw<{ rows: [{ at: string }] }>(
    `select date_trunc('milliseconds', clock_timestamp()) + interval '1 millisecond' as at`,
  );
  const [{ at }] = rows;
  await eventually(async () => {
    const { rows: looks } = await db.raw<{ rows: [{ isPast: boolean }] }>(
      'select clock_timestamp() > :at as "isPast"',
      {
        at,
      },
    );
    assert.equal(looks[0].isPast, true);
  });
  return at;
}
