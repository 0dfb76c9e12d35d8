import { importFields, type ColumnMapping, type ColumnNames, type ImportField } from './columns.ts';
import { isSameName } from './places.ts';

/** By which columns an import reads a JSON file; `names` is null when an earlier version took it in. */
export type ReadBy = { mapping: ColumnMapping; names: ColumnNames | null };

/**
 * Whether two imports of one JSON file, one of them at least of an earlier version, read it by the same columns. Such a version
 * noted columns that the file may lack, and knew not all that it has: what it did not read makes no difference, unless
 * the caller has named it since.
 * @param holds whether any object of the file has such a name
 */
export function areSameColumns(one: ReadBy, other: ReadBy, holds: (name: string) => boolean): boolean {
  return importFields.every((field) => {
    const column = findHeld(one, field, holds);
    const otherColumn = findHeld(other, field, holds);
    if (column !== undefined && otherColumn !== undefined) return isSameName(column, otherColumn);
    if (column === otherColumn) return true;
    return column === undefined ? mayLeaveOut(one, other, field) : mayLeaveOut(other, one, field);
  });
}

function findHeld({ mapping }: ReadBy, field: ImportField, holds: (name: string) => boolean): string | undefined {
  const column = mapping[field];
  return column !== undefined && holds(column) ? column : undefined;
}

/** What the caller names is looked for by that alone, anything else by our name as well. */
function mayLeaveOut(less: ReadBy, { names }: ReadBy, field: ImportField): boolean {
  return less.names === null && (names === null || names[field].some((name) => isSameName(name, field)));
}
