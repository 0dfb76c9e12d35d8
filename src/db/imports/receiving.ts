// A file while it is being received: nobody sees it before its last row is stored, and one that breaks off leaves nothing.
import type { Knex } from 'knex';
import type { ColumnMapping } from '../../domain/imports/columns.ts';
import type { ImportSource } from '../../domain/imports/import.ts';
import { IMPORT_COLUMNS, type Import } from './imports.ts';

export type NewImport = {
  importId: string;
  advertiserId: string;
  source: ImportSource;
  fileName: string | null;
  notify: boolean;
  dryRun: boolean;
};

export async function beginReceiving(db: Knex, given: NewImport): Promise<void> {
  await db('imports').insert({
    import_id: given.importId,
    advertiser_id: given.advertiserId,
    source: given.source,
    file_name: given.fileName,
    notify: given.notify,
    dry_run: given.dryRun,
  });
}

/** Rows of a file, as a JSON array; `firstRow` is the number of the first of them. */
export type NewChunk = { chunk: number; firstRow: number; fileRows: string };

export async function insertChunks(db: Knex, importId: string, chunks: readonly NewChunk[]): Promise<void> {
  await db('import_chunks').insert(
    chunks.map(({ chunk, firstRow, fileRows }) => ({
      import_id: importId,
      chunk,
      first_row: firstRow,
      file_rows: fileRows,
    })),
  );
}

export type ReceivedFile = {
  format: 'csv' | 'json_lines' | 'json';
  bytes: number;
  sha256: string;
  header: readonly string[] | null;
  mapping: ColumnMapping;
  rows: number;
};

const FINISH_RECEIVING = `
  update imports set format = :format, bytes = :bytes, sha256 = :sha256, header = :header::text[], mapping = :mapping,
    rows = :rows, state = 'running', started_at = now(), touched_at = now(), tell_at = now()
  where import_id = :importId and state = 'receiving'
  returning ${IMPORT_COLUMNS}`;

/** From now on it is there, and its workflow will be told of it. */
export async function finishReceiving(db: Knex, importId: string, file: ReceivedFile): Promise<Import> {
  const values = { ...file, header: file.header && [...file.header], mapping: JSON.stringify(file.mapping), importId };
  const { rows } = await db.raw<{ rows: Import[] }>(FINISH_RECEIVING, values);
  if (!rows[0]) throw new Error(`Import ${importId} was given up while its file was being received.`);
  return rows[0];
}

/** Leaves nothing of a file whose upload broke off. */
export async function dropReceived(db: Knex, importId: string): Promise<void> {
  await db('imports').where({ import_id: importId, state: 'receiving' }).delete();
}

/** The same for files whose process has died. @param olderThanMs longer than any upload may take */
export async function dropAbandoned(db: Knex, olderThanMs: number): Promise<number> {
  return await db('imports')
    .where({ state: 'receiving' })
    .where('touched_at', '<', db.raw(`now() - ? * interval '1 millisecond'`, [olderThanMs]))
    .delete();
}

/** The columns of an advertiser's last file that was applied; empty when there was none. */
export async function readUsualMapping(db: Knex, advertiserId: string): Promise<ColumnMapping> {
  const row = await db('import_mappings')
    .where({ advertiser_id: advertiserId })
    .first<{ mapping: ColumnMapping } | undefined>('mapping');
  return row?.mapping ?? {};
}
