import type { Knex } from 'knex';
import { dropRows } from '../imports/drop-rows.ts';
import type { Drop } from './drop-expired.ts';

// A file whose rows are partly dropped is gone for whoever would apply it, so that is noted before the first of them goes.
// One whose workflow has still to be told of it is not over.
const BEGIN = `
  update imports set file_dropped_at = now(), is_dropping = true
  where import_id = (
    select import_id from imports
    where file_dropped_at is null and ended_at < now() - :days * interval '1 day' and tell_at is null
    order by ended_at limit 1 for update skip locked
  )
  returning import_id as "importId"`;

/**
 * The rows of imported files and what became of each, some at a time; how many became what stays, and so do their statuses.
 * Files are counted.
 */
export const dropImportFiles: Drop = async (db, { days }) =>
  await db.transaction(async (trx) => {
    const importId = (await findBegun(trx)) ?? (await beginOldest(trx, days));
    if (importId === undefined) return { dropped: 0, next: undefined };
    const isLeft = await dropRows(trx, importId);
    if (!isLeft) await trx('imports').where({ import_id: importId }).update({ is_dropping: false });
    return { dropped: isLeft ? 0 : 1, next: '' };
  });

/** Whoever began with it was stopped, or has just dropped some. */
async function findBegun(trx: Knex): Promise<string | undefined> {
  const row = await trx('imports')
    .where({ is_dropping: true })
    .orderBy('import_id')
    .forUpdate()
    .skipLocked()
    .first<{ import_id: string } | undefined>('import_id');
  return row?.import_id;
}

async function beginOldest(trx: Knex, days: number): Promise<string | undefined> {
  const { rows } = await trx.raw<{ rows: { importId: string }[] }>(BEGIN, { days });
  return rows[0]?.importId;
}
