import { MAX_NESTING } from '../nesting.ts';
import { importFields, mapFields, type ColumnMapping, type ColumnNames, type ImportField } from './columns.ts';
import { readEventTime } from './event-time.ts';
import { createPlaceFinder } from './places.ts';

const UNREADABLE = `The row is no JSON object, or one of more than ${MAX_NESTING} levels: write one flat object for each row.`;

/** A row as its file holds it: the fields of a CSV row, an object of a JSON file, or a line that is no object. */
export type FileRow = readonly string[] | Readonly<Record<string, unknown>> | string;

/** What a row says, by our names. */
export type RowFields = Partial<Record<ImportField, unknown>>;

/** How the rows of a file are read. */
export type Reading = {
  /** The columns of a CSV file, in their order; null for JSON, whose rows name their fields. */
  header: readonly string[] | null;
  mapping: ColumnMapping;
  /** By which names an object of JSON may call each field; null where it is by the mapping alone. */
  names: ColumnNames | null;
};

/** @returns reads rows of the file: what they say, or a message when a row cannot be read at all */
export function createRowReader({ header, mapping, names }: Reading): (row: FileRow) => RowFields | string {
  const readFields = header && createFieldsReader(header, mapping);
  const readObject = createObjectReader(names ?? onlyNames(mapping));
  return (row) => {
    if (typeof row === 'string') return UNREADABLE;
    if (!isFields(row)) return readObject(row);
    return readFields ? readFields(row) : UNREADABLE;
  };
}

function createFieldsReader(
  header: readonly string[],
  mapping: ColumnMapping,
): (row: readonly string[]) => RowFields | string {
  const columns = importFields.flatMap((field) => {
    const name = mapping[field];
    return name === undefined ? [] : [{ field, place: header.indexOf(name) }];
  });
  return (row) => {
    if (row.length !== header.length) return sayLength(row, header);
    const fields: RowFields = {};
    for (const { field, place } of columns) fields[field] = row[place]?.trim();
    return fields;
  };
}

function createObjectReader(names: ColumnNames): (row: Readonly<Record<string, unknown>>) => RowFields | string {
  const findPlaces = createPlaceFinder(names);
  return (row) => {
    const places = findPlaces(Object.keys(row));
    const fields: RowFields = {};
    for (const field of importFields) {
      const place = places[field];
      if (!place) continue;
      if (place.twin !== undefined) return sayTwin(place.name, place.twin);
      const value = row[place.name];
      fields[field] = typeof value === 'string' ? value.trim() : value;
    }
    return fields;
  };
}

function onlyNames(mapping: ColumnMapping): ColumnNames {
  return mapFields((field) => [mapping[field] ?? []].flat());
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

function sayTwin(name: string, twin: string): string {
  return `The row has "${name}" and "${twin}", which are one name here: leave out one of the two.`;
}

function isFields(row: Exclude<FileRow, string>): row is readonly string[] {
  return Array.isArray(row);
}
