import { CsvError, parse } from 'csv-parse';
import { brokenFile, MAX_ROW_KIB, MAX_ROW_LENGTH } from './broken-file.ts';
import { peek } from './peek.ts';

const DELIMITERS = [',', ';', '\t', '|'];

// By which Excel names the delimiter, in a line above the header; a line break ends it.
const NAMED_DELIMITER = /^\s*"?sep=([^\w"\r\n])"?(?=[\r\n]|$)/i;

/**
 * The rows of a CSV file, the header first. Which sign delimits its fields is found out by the header, unless a line above it
 * says so (`sep=;`), which is no row; rows that hold nothing are left out.
 */
export async function readCsv(text: AsyncGenerator<string>): Promise<AsyncGenerator<string[][]>> {
  const { head, rest } = await peek(text, (begun) => endOfHeader(begun) >= 0 || begun.length > MAX_ROW_LENGTH);
  const named = NAMED_DELIMITER.exec(head);
  if (named?.[1] !== undefined) return rowsOf(skip(rest, named[0].length), named[1]);
  const end = endOfHeader(head);
  const header = end < 0 ? head : head.slice(0, end);
  if (header.length > MAX_ROW_LENGTH) throw brokenFile(`The first row is longer than ${MAX_ROW_KIB} KB: is this CSV?`);
  return rowsOf(rest, findDelimiter(header));
}

async function* rowsOf(text: AsyncGenerator<string>, delimiter: string): AsyncGenerator<string[][]> {
  const parser = parse({
    delimiter,
    // What a row lacks is said of that row alone.
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
    max_record_size: MAX_ROW_LENGTH,
  });
  let rows: string[][] = [];
  let failure: Error | undefined;
  parser.on('data', (row: string[]) => rows.push(row));
  const ended = new Promise<void>((resolve) => {
    parser.once('end', resolve);
    parser.once('error', (error) => {
      failure = error;
      resolve();
    });
  });
  const take = () => {
    if (failure) throw explain(failure);
    const taken = rows;
    rows = [];
    return taken;
  };
  for await (const piece of text) {
    await new Promise<void>((resolve) => parser.write(piece, () => resolve()));
    yield take();
  }
  parser.end();
  await ended;
  yield take();
}

async function* skip(text: AsyncGenerator<string>, length: number): AsyncGenerator<string> {
  let left = length;
  for await (const piece of text) {
    yield piece.slice(left);
    left = Math.max(0, left - piece.length);
  }
}

/** The header may hold line breaks between quotes. @returns -1 while its end has not come */
function endOfHeader(text: string): number {
  const begin = text.length - text.trimStart().length;
  let isQuoted = false;
  for (let index = begin; index < text.length; index++) {
    const sign = text[index];
    if (sign === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (sign === '\n' || sign === '\r')) return index;
  }
  return -1;
}

/** The one that occurs most often outside of quotes; a comma when none does. */
function findDelimiter(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  const counted = DELIMITERS.map((delimiter) => ({ delimiter, count: bare.split(delimiter).length }));
  return counted.reduce((best, each) => (each.count > best.count ? each : best)).delimiter;
}

function explain(error: Error): Error {
  if (!(error instanceof CsvError)) return error;
  // The header is the first of the records.
  const records = Number((error as CsvError & { records?: number }).records ?? 0);
  const where = records === 0 ? 'the header' : `row ${records}`;
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    return brokenFile(
      `At ${where}: a row is longer than ${MAX_ROW_KIB} KB. A quote before it may not be closed.`,
      error,
    );
  }
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
    return brokenFile(`At ${where}: a quote is opened and never closed, so the rest of the file is one field.`, error);
  }
  return brokenFile(`At ${where}: the file cannot be read as CSV (${error.code}).`, error);
}
