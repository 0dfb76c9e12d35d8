import { importFields, type ColumnMapping, type ImportField } from './columns.ts';
import { MAX_NESTING } from '../nesting.ts';
import { readEventTime } from './event-time.ts';

const UNREADABLE = `The row is no JSON object, or one of more than ${MAX_NESTING} levels: write one flat object for each row.`;

/** A row as its file holds it: the fields of a CSV row, an object of a JSON file, or a line that is no object. */
export type FileRow = readonly string[] | Readonly<Record<string, unknown>> | string;

/** What a row says, by our names. */
export type RowFields = Partial<Record<ImportField, unknown>>;

/**
 * @param header the columns of a CSV file, in their order; null for JSON, whose rows name their fields
 * @returns reads rows of the file: what they say, or a message when a row cannot be read at all
 */
export function createRowReader({
  header,
  mapping,
}: {
  header: readonly string[] | null;
  mapping: ColumnMapping;
}): (row: FileRow) => RowFields | string {
  const columns = importFields.flatMap((field) => {
    const name = mapping[field];
    return name === undefined ? [] : [{ field, name, place: header?.indexOf(name) ?? -1 }];
  });
  return (row) => {
    if (typeof row === 'string') return UNREADABLE;
    if (isFields(row) && header && row.length !== header.length) return sayLength(row, header);
    const fields: RowFields = {};
    for (const { field, name, place } of columns) {
      const value = isFields(row) ? row[place] : valueOf(row, name);
      fields[field] = typeof value === 'string' ? value.trim() : value;
    }
    return fields;
  };
}

/** The row's own time; null when it names none. @returns a problem when it cannot be read */
export function readRowTime({ event_time: given }: RowFields): { at: string | null } | { problem: string } {
  if (given === undefined || given === null || given === '') return { at: null };
  const text = typeof given === 'number' ? String(given) : given;
  const at = typeof text === 'string' ? readEventTime(text) : undefined;
  if (at !== undefined) return { at };
  const shown = typeof text === 'string' ? `"${text.slice(0, 64)}"` : 'what is given';
  const rule = 'write it like 2026-01-31T09:15:00Z, or in Unix seconds.';
  return { problem: `event_time: ${shown} is no time that can be read: ${rule}` };
}

function sayLength(row: readonly string[], header: readonly string[]): string {
  const fields = row.length === 1 ? '1 field' : `${row.length} fields`;
  const counted = `The row has ${fields}, but the header names ${header.length}`;
  return `${counted}: is a delimiter or a quote missing?`;
}

function isFields(row: Exclude<FileRow, string>): row is readonly string[] {
  return Array.isArray(row);
}

function valueOf(row: Readonly<Record<string, unknown>>, column: string): unknown {
  return Object.hasOwn(row, column) ? row[column] : undefined;
}
