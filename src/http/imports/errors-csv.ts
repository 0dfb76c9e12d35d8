import type { Response } from 'express';
import type { Knex } from 'knex';
import { readHeader, readImportErrors, type ImportError } from '../../db/imports/import-errors.ts';
import { sendCsv, type CsvColumn } from '../protocol/csv.ts';

export const errorsCsvExample =
  '"row_number","result","message","Click ID","State"\r\n17,"unknown_word","Status ""sold"" is not known: send one of pending, approved, rejected.","k3v9x2m7q1w8z5t4r6y0","sold"\r\n';

/** The refused rows of an import as CSV: what is wrong with each, then the row as it stood in the file. */
export async function sendImportErrors(res: Response, db: Knex, importId: string): Promise<void> {
  const columns = columnsOf(await readHeader(db, importId));
  await sendCsv(res, { name: `errors-${importId}`, columns, rows: readImportErrors(db, importId) });
}

const OWN = ['row_number', 'result', 'message'] as const;

/** Mended, it is sent as a file, which must not name a column twice. */
function columnsOf(header: string[] | null): CsvColumn<ImportError>[] {
  const names = header ?? ['row'];
  // What an earlier list said of its rows is of no use in this one.
  const isListItself = OWN.every((name, place) => [name, besideFile(name)].includes(names[place] ?? ''));
  const begin = isListItself ? OWN.length : 0;
  const taken = new Set(names.slice(begin).map((name) => name.trim().toLowerCase()));
  const own = (name: (typeof OWN)[number]) => (taken.has(name) ? besideFile(name) : name);
  const last = names.length - 1;
  return [
    { header: own('row_number'), value: ({ rowNumber }) => rowNumber },
    { header: own('result'), value: ({ result }) => result },
    { header: own('message'), value: ({ message }) => message },
    ...names.slice(begin).map((name, index) => ({
      header: name,
      value: ({ row }: ImportError) => showField(row, { place: begin + index, isLast: begin + index === last }),
    })),
  ];
}

/** The heading of a column of ours where the file has one of this name as well. */
function besideFile(name: string): string {
  return `import_${name}`;
}

/** What a row has beyond its header stands in the last field. */
function showField(row: ImportError['row'], { place, isLast }: { place: number; isLast: boolean }): string {
  if (typeof row === 'string') return row;
  if (!Array.isArray(row)) return JSON.stringify(row);
  const fields = row as readonly string[];
  return isLast ? fields.slice(place).join(',') : (fields[place] ?? '');
}
