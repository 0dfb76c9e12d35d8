import type { FileRow } from '../../domain/imports/row.ts';
import { isDeeperThan, MAX_NESTING } from '../../domain/nesting.ts';
import { brokenFile, MAX_ROW_KIB, MAX_ROW_LENGTH } from './broken-file.ts';

/** One JSON object in each line; empty lines are left out, unless they are too long for a row. */
export async function* readJsonLines(text: AsyncGenerator<string>): AsyncGenerator<FileRow[]> {
  let begun = '';
  let count = 0;
  for await (const piece of text) {
    const lines = (begun + piece).split('\n');
    begun = lines.pop() ?? '';
    const rows: FileRow[] = [];
    for (const line of lines) {
      const number = count + rows.length + 1;
      if (line.length > MAX_ROW_LENGTH) throw tooLong(number);
      if (isNotBlank(line)) rows.push(toRow(line, number));
    }
    if (begun.length > MAX_ROW_LENGTH) throw tooLong(count + rows.length + 1);
    count += rows.length;
    yield rows;
  }
  if (isNotBlank(begun)) yield [toRow(begun, count + 1)];
}

/** An array of objects. It is cut at the ends of its objects, so that it need never be held whole. */
export async function* readJsonArray(text: AsyncGenerator<string>): AsyncGenerator<FileRow[]> {
  const cutter = createCutter();
  let count = 0;
  for await (const piece of text) {
    const rows = cutter.cut(piece).map((object, index) => toRow(object, count + index + 1));
    if (cutter.openLength() > MAX_ROW_LENGTH) throw tooLong(count + rows.length + 1);
    count += rows.length;
    yield rows;
  }
  if (!cutter.isClosed()) throw brokenFile('The array is not closed: the file seems to be cut off.');
}

/** What is no object, or none that can be stored, stays as it is, to be refused as this row. */
function toRow(text: string, number: number): FileRow {
  if (text.length > MAX_ROW_LENGTH) throw tooLong(number);
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && !isDeeperThan(value, MAX_NESTING) ? (value as Record<string, unknown>) : text;
  } catch {
    return text;
  }
}

/** Follows the brackets of an array as its text comes, and cuts out what stands between commas: objects. */
function createCutter() {
  // 0 before and after the array, 1 between its objects.
  let depth = 0;
  let isBegun = false;
  let isQuoted = false;
  let isEscaped = false;
  let open = '';

  /** @returns true when the sign ends an object */
  function step(sign: string): boolean {
    if (isQuoted) {
      if (isEscaped) isEscaped = false;
      else if (sign === '\\') isEscaped = true;
      else if (sign === '"') isQuoted = false;
      return false;
    }
    if (depth < 2 && !isExpected(sign)) throw brokenFile('The file must be one array of objects, such as [{…}, {…}].');
    if (sign === '"') isQuoted = true;
    else if (sign === '{' || sign === '[') depth++;
    else if (sign === '}' || sign === ']') return --depth === 1;
    return false;
  }

  function isExpected(sign: string): boolean {
    if (/\s/.test(sign)) return true;
    if (depth === 1) return sign === '{' || sign === ',' || sign === ']';
    const isFirst = !isBegun && sign === '[';
    isBegun = true;
    return isFirst;
  }

  return {
    /** @returns the texts of the objects that end in the piece */
    cut(piece: string): string[] {
      const objects: string[] = [];
      let from = depth > 1 ? 0 : -1;
      for (let index = 0; index < piece.length; index++) {
        const isEnd = step(piece[index] as string);
        if (from < 0 && depth > 1) from = index;
        if (!isEnd) continue;
        objects.push(open + piece.slice(from, index + 1));
        open = '';
        from = -1;
      }
      if (from >= 0) open += piece.slice(from);
      return objects;
    },
    openLength: () => open.length,
    isClosed: () => isBegun && depth === 0,
  };
}

function isNotBlank(line: string): boolean {
  return line.trim() !== '';
}

function tooLong(row: number): Error {
  return brokenFile(`Row ${row} is longer than ${MAX_ROW_KIB} KB.`);
}
