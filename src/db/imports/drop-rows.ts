import type { Knex } from 'knex';

// Each is hundreds of rows of a file, in a text of up to 128 KB: a batch keeps no other statement waiting for long,
// and two that drop the same import take its rows in the same order.
export const CHUNKS_PER_BATCH = 100;

const DROP_ROWS = `
  with chunks as (
    delete from import_chunks where ctid = any (array(
      select ctid from import_chunks where import_id = :importId order by chunk limit :limit
    ))
    returning chunk
  ), verdicts as (
    delete from import_verdicts where ctid = any (array(
      select ctid from import_verdicts where import_id = :importId order by chunk limit :limit
    ))
    returning chunk
  )
  select greatest((select count(*) from chunks), (select count(*) from verdicts)) as dropped`;

/** Drops some of the rows of an import, and of what became of them. @returns whether any may be left */
export async function dropRows(db: Knex, importId: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: [{ dropped: number }] }>(DROP_ROWS, { importId, limit: CHUNKS_PER_BATCH });
  return rows[0].dropped === CHUNKS_PER_BATCH;
}
