import type { FileRow } from '../../domain/imports/row.ts';
import { brokenFile, EmptyFileError } from './broken-file.ts';
import { peek } from './peek.ts';
import { readCsv } from './read-csv.ts';
import { readJsonArray, readJsonLines } from './read-json.ts';

export type FileFormat = 'csv' | 'json_lines' | 'json';

export type RowsOfFile = {
  format: FileFormat;
  /** The columns of a CSV file, in their order; null for JSON. */
  header: string[] | null;
  /** As they come, many at a time, each array maybe empty. */
  rows: AsyncIterable<FileRow[]>;
};

// More columns without a name stand before the others in no file.
const MOST_BLANKS = 64;

/**
 * Finds out by its beginning what a file is: `{` begins JSON lines, `[` an array of objects, and anything else is CSV.
 * @param agreed what the file must be
 * @throws AppError `invalid` for a file without rows, and, while rows are read, for what is broken
 */
export async function readRows(text: AsyncGenerator<string>, agreed?: FileFormat): Promise<RowsOfFile> {
  const { format, rows } = await findFormat(text);
  if (agreed !== undefined && format !== agreed) throw notAsAgreed(format, agreed);
  const { first, rest } = await takeFirst(rows);
  if (format === 'csv') {
    const header = (first as string[]).map((name) => name.trim());
    return { format, header, rows: rest };
  }
  if (typeof first === 'string') throw brokenFile(`The first row is no flat JSON object: ${first.trim().slice(0, 64)}`);
  return { format, header: null, rows: concat([first], rest) };
}

async function findFormat(
  text: AsyncGenerator<string>,
): Promise<{ format: FileFormat; rows: AsyncGenerator<FileRow[]> }> {
  const { head, rest } = await peek(withoutBlankBegin(text), (begun) => begun !== '');
  const first = head.trimStart()[0];
  if (first === '{') return { format: 'json_lines', rows: readJsonLines(rest) };
  if (first === '[') return { format: 'json', rows: readJsonArray(rest) };
  if (first === '<') throw brokenFile('The file is a web page or XML: is it the page for signing in?');
  return { format: 'csv', rows: await readCsv(rest) };
}

/**
 * However many blanks a file begins with, they are never held. Blank lines are left out; before its first sign few are kept,
 * because a tab there delimits a column without a name.
 */
async function* withoutBlankBegin(text: AsyncGenerator<string>): AsyncGenerator<string> {
  let isBegun = false;
  let blanks = '';
  for await (const piece of text) {
    const begun: string = isBegun ? piece : piece.trimStart();
    if (!isBegun) blanks = endOfBlanks(blanks + piece.slice(0, piece.length - begun.length));
    if (begun !== '') yield isBegun ? begun : blanks + begun;
    isBegun ||= begun !== '';
  }
}

function endOfBlanks(blanks: string): string {
  const line = Math.max(blanks.lastIndexOf('\n'), blanks.lastIndexOf('\r')) + 1;
  return blanks.slice(Math.max(line, blanks.length - MOST_BLANKS));
}

const FORMAT_NAMES: Readonly<Record<FileFormat, string>> = {
  csv: 'CSV',
  json_lines: 'JSON lines, an object in each',
  json: 'an array of JSON',
};

function notAsAgreed(format: FileFormat, agreed: FileFormat): Error {
  return brokenFile(`The file should be ${FORMAT_NAMES[agreed]}, but it begins like ${FORMAT_NAMES[format]}.`);
}

async function takeFirst(
  rows: AsyncGenerator<FileRow[]>,
): Promise<{ first: FileRow; rest: AsyncGenerator<FileRow[]> }> {
  for (;;) {
    const next = await rows.next();
    if (next.done === true) throw new EmptyFileError('The file is empty.');
    const [first, ...others] = next.value;
    if (first !== undefined) return { first, rest: concat(others, rows) };
  }
}

async function* concat(first: FileRow[], rest: AsyncIterable<FileRow[]>): AsyncGenerator<FileRow[]> {
  yield first;
  yield* rest;
}
