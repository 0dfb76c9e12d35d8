import type { Knex } from 'knex';
import type { FileRow } from '../../domain/imports/row.ts';
import { readVerdicts } from '../../domain/imports/verdict-text.ts';

/** A row that was refused, as it stood in the file; rows are numbered from 1, the header not counted. */
export type ImportError = { rowNumber: number; row: FileRow; result: string; message: string };

const CHUNKS_PER_PAGE = 8;

const READ_VERDICTS = `
  select v.chunk, c.first_row as "firstRow", c.file_rows as "fileRows", v.verdicts
  from imports i
  join import_verdicts v on v.import_id = i.import_id and v.dry_run = i.dry_run
  join import_chunks c on c.import_id = v.import_id and c.chunk = v.chunk
  where i.import_id = :importId and v.chunk > :after::int and v.has_refused
  order by v.chunk limit :limit`;

/** The columns of an import's CSV file, in their order; null for JSON. */
export async function readHeader(db: Knex, importId: string): Promise<string[] | null> {
  const row = await db('imports')
    .where({ import_id: importId })
    .first<{ header: string[] | null } | undefined>('header');
  return row?.header ?? null;
}

/** The rows of an import that have been refused so far, in their order, some chunks in memory at a time. */
export async function* readImportErrors(db: Knex, importId: string): AsyncGenerator<ImportError> {
  type Row = { chunk: number; firstRow: number; fileRows: string; verdicts: string };
  for (let after = -1; ;) {
    const { rows } = await db.raw<{ rows: Row[] }>(READ_VERDICTS, { importId, after, limit: CHUNKS_PER_PAGE });
    for (const chunk of rows) yield* errorsOf(chunk);
    const last = rows.at(-1);
    if (!last) return;
    after = last.chunk;
  }
}

function* errorsOf({ firstRow, fileRows, verdicts }: { firstRow: number; fileRows: string; verdicts: string }) {
  const refused = readVerdicts(verdicts).map(({ result, message }, index) => ({ result, message, index }));
  if (refused.every(({ message }) => message === null)) return;
  const rows = JSON.parse(fileRows) as FileRow[];
  for (const { result, message, index } of refused) {
    const row = rows[index];
    if (message !== null && row !== undefined) yield { rowNumber: firstRow + index, row, result, message };
  }
}
