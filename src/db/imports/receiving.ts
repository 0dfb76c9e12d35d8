// A file while it is being received: nobody sees it before its last row is stored, and one that breaks off leaves nothing.
import type { Knex } from 'knex';
import type { ColumnMapping, ColumnNames } from '../../domain/imports/columns.ts';
import type { ImportSource } from '../../domain/imports/import.ts';
import { sqlStateOf, UNIQUE_VIOLATION } from '../sqlstate.ts';
import { dropRows } from './drop-rows.ts';
import { IMPORT_COLUMNS, IS_ONCE, type Import } from './imports.ts';

export type NewImport = {
  importId: string;
  advertiserId: string;
  source: ImportSource;
  fileName: string | null;
  notify: boolean;
  dryRun: boolean;
  /** True: it is imported although the same file was imported before. */
  again: boolean;
};

export async function beginReceiving(db: Knex, given: NewImport): Promise<void> {
  await db('imports').insert({
    import_id: given.importId,
    advertiser_id: given.advertiserId,
    source: given.source,
    file_name: given.fileName,
    notify: given.notify,
    dry_run: given.dryRun,
    is_again: given.again,
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
  /** By which names an object of JSON may call each field; null for CSV. */
  names: ColumnNames | null;
  rows: number;
};

const FINISH_RECEIVING = `
  update imports set format = :format, bytes = :bytes, sha256 = :sha256, header = :header::text[], mapping = :mapping,
    names = :names, rows = :rows, state = 'running', started_at = now(), touched_at = now(), tell_at = now()
  where import_id = :importId and state = 'receiving' and asked = 'run'
  returning ${IMPORT_COLUMNS}`;

/**
 * From now on it is there, and its workflow will be told of it.
 * @throws what {@link isSameFile} knows, when the same file is there and is not to be imported again; nothing more can be
 * done in a transaction then
 */
export async function finishReceiving(db: Knex, importId: string, file: ReceivedFile): Promise<Import> {
  const values = {
    ...file,
    importId,
    header: file.header && [...file.header],
    mapping: JSON.stringify(file.mapping),
    names: file.names && JSON.stringify(file.names),
  };
  const { rows } = await db.raw<{ rows: Import[] }>(FINISH_RECEIVING, values);
  if (!rows[0]) throw new Error(`Import ${importId} was given up while its file was being received.`);
  return rows[0];
}

/** The same file is imported already, or being tried now. */
export function isSameFile(error: unknown): boolean {
  return sqlStateOf(error) === UNIQUE_VIOLATION && (error as { constraint?: unknown }).constraint === 'imports_once';
}

const FIND_SAME = `
  select ${IMPORT_COLUMNS} from imports where import_id = (
    select i.import_id from imports i join imports own on own.import_id = :importId
    where i.advertiser_id = own.advertiser_id and i.sha256 = :sha256 and i.mapping = :mapping and i.notify = own.notify
      and i.dry_run = own.dry_run and ${IS_ONCE}
  )`;

/** @returns the import of the same file that was there before; undefined when it has been cancelled since */
export async function findSameImport(
  db: Knex,
  importId: string,
  { sha256, mapping }: Pick<ReceivedFile, 'sha256' | 'mapping'>,
): Promise<Import | undefined> {
  const values = { importId, sha256, mapping: JSON.stringify(mapping) };
  const { rows } = await db.raw<{ rows: Import[] }>(FIND_SAME, values);
  return rows[0];
}

/**
 * Leaves nothing of a file whose upload broke off; its rows go some at a time.
 * @returns false when something is left, because the signal came first
 */
export async function dropReceived(db: Knex, importId: string, signal?: AbortSignal): Promise<boolean> {
  const received = db('imports').where({ import_id: importId, state: 'receiving' });
  if (!(await received.clone().first('import_id'))) return true;
  while (await dropRows(db, importId)) if (signal?.aborted) return false;
  await received.delete();
  return true;
}

// Before any of its rows goes: the process may only have been frozen, and would make a file count that is no longer whole.
const GIVE_UP = `
  update imports set asked = 'cancel' where state = 'receiving' and import_id = (
    select import_id from imports
    where state = 'receiving' and touched_at < now() - :olderThanMs * interval '1 millisecond'
    order by import_id limit 1
  )
  returning import_id as "importId"`;

/**
 * The same for files whose process has died: some rows of one of them, so that whoever calls it again and again is never kept
 * for long. @param olderThanMs longer than any upload may take
 */
export async function dropAbandoned(db: Knex, olderThanMs: number): Promise<void> {
  const { rows } = await db.raw<{ rows: { importId: string }[] }>(GIVE_UP, { olderThanMs });
  const importId = rows[0]?.importId;
  if (importId === undefined || (await dropRows(db, importId))) return;
  await db('imports').where({ import_id: importId, state: 'receiving' }).delete();
}

/** The columns of an advertiser's last file that was applied; empty when there was none. */
export async function readUsualMapping(db: Knex, advertiserId: string): Promise<ColumnMapping> {
  const row = await db('import_mappings')
    .where({ advertiser_id: advertiserId })
    .first<{ mapping: ColumnMapping } | undefined>('mapping');
  return row?.mapping ?? {};
}
