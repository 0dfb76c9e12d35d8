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

function columnsOf(header: string[] | null): CsvColumn<ImportError>[] {
  return [
    { header: 'row_number', value: ({ rowNumber }) => rowNumber },
    { header: 'result', value: ({ result }) => result },
    { header: 'message', value: ({ message }) => message },
    ...(header ?? ['row']).map((name, place) => ({
      header: name,
      value: ({ row }: ImportError) => showField(row, { place, isLast: place === (header?.length ?? 0) - 1 }),
    })),
  ];
}

/** What a row has beyond its header stands in the last field. */
function showField(row: ImportError['row'], { place, isLast }: { place: number; isLast: boolean }): string {
  if (typeof row === 'string') return row;
  if (!Array.isArray(row)) return JSON.stringify(row);
  const fields = row as readonly string[];
  return isLast ? fields.slice(place).join(',') : (fields[place] ?? '');
}
