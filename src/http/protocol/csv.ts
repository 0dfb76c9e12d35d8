import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Request, Response } from 'express';
import type { Page } from '../../db/reports/pages.ts';
import { codeOf } from '../../errors.ts';

/** A column of a CSV file: its heading, and what a row has there; null is an empty field. */
export type CsvColumn<Row> = { header: string; value: (row: Row) => string | number | null };

const ROWS_PER_PAGE = 1000;

/** True when the caller asks for CSV before JSON; one that takes anything gets JSON. */
export function wantsCsv(req: Request): boolean {
  return req.accepts(['application/json', 'text/csv']) === 'text/csv';
}

/**
 * Answers with CSV as RFC 4180 has it, UTF-8, row by row as they come. What a spreadsheet would take for a formula gets an
 * apostrophe before it; a negative number stays one.
 *
 * @throws what reading the first row throws, while an error can still be answered; later ones end the connection
 */
export async function sendCsv<Row>(
  res: Response,
  { name, columns, rows }: { name: string; columns: CsvColumn<Row>[]; rows: Iterable<Row> | AsyncIterable<Row> },
): Promise<void> {
  const records = recordsOf(columns, rows);
  const first = res.req.method === 'HEAD' ? undefined : await records.next();
  res.vary('Accept');
  res.set('content-disposition', `attachment; filename="${name}.csv"`);
  res.type('text/csv; charset=utf-8');
  if (!first) return void res.end();
  const csv = stringify({
    header: true,
    columns: columns.map(({ header }, index) => ({ key: String(index), header })),
    record_delimiter: 'windows',
    // A spreadsheet may split fields at its own sign, which we do not know: it leaves alone what is quoted.
    quoted_string: true,
    escape_formulas: true,
    cast: { string: escapeLineFeed },
  });
  try {
    await pipeline(Readable.from(first.done ? [] : concat(first.value, records)), csv, res);
  } catch (error) {
    // The caller has gone.
    if (codeOf(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

/**
 * The rows of a list, page by page, as fast as they are read. All of them when no number is asked for: of a file that was
 * cut off nobody could tell.
 */
export async function* rowsOfPages<Row>(
  readPage: (page: { limit: number; cursor?: string | undefined }) => Promise<Page<Row>>,
  maxRows = Infinity,
): AsyncGenerator<Row> {
  let cursor: string | undefined;
  for (let left = maxRows; left > 0;) {
    const { rows, next } = await readPage({ limit: Math.min(left, ROWS_PER_PAGE), cursor });
    yield* rows;
    if (next === null) return;
    cursor = next;
    left -= rows.length;
  }
}

type Field = string | number | null;

async function* recordsOf<Row>(
  columns: CsvColumn<Row>[],
  rows: Iterable<Row> | AsyncIterable<Row>,
): AsyncGenerator<Field[], undefined> {
  for await (const row of rows) yield columns.map(({ value }) => value(row));
}

async function* concat<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

/** The library knows the other beginnings of formulas. */
function escapeLineFeed(text: string): string {
  return text.startsWith('\n') ? `'${text}` : text;
}
