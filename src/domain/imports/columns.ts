// Which column of a file holds what.
import { createPlaceFinder, isSameName, normaliseName, type Place } from './places.ts';

export const importFields = ['conversion_id', 'status', 'reason', 'transaction_id', 'event_time'] as const;

/** What a row may say, by our names. */
export type ImportField = (typeof importFields)[number];

/** In which column of a file each field stands, by the column's name; what no column holds is left out. */
export type ColumnMapping = Partial<Record<ImportField, string>>;

/** By which names each field is looked for, the first that is there counts. */
export type ColumnNames = Readonly<Record<ImportField, readonly string[]>>;

export type ColumnProblem = { field: string; message: string };

/** The columns of one file, as they show while it is read. */
export type Columns = {
  /** Takes note of what a header, or an object of a JSON file, calls its fields. */
  see(names: readonly string[]): void;
  /** @returns in which column each field stands, as the file spells it first; or which ones are missing */
  judge(): ColumnMapping | ColumnProblem[];
};

const SHOWN_NAMES = 20;

/**
 * What the caller names is looked for by that name alone; the rest by the usual names, then by ours.
 * @param usual what held for the advertiser's last file, and how it calls our parameters elsewhere
 */
export function listNames(given: ColumnMapping, usual: readonly ColumnMapping[]): ColumnNames {
  return mapFields((field) => {
    const wanted = given[field];
    const names = wanted === undefined ? [...usual.flatMap((each) => each[field] ?? []), field] : [wanted];
    return names.filter((name, place) => names.findIndex((other) => isSameName(other, name)) === place);
  });
}

export function mapFields<Value>(valueOf: (field: ImportField) => Value): Record<ImportField, Value> {
  return Object.fromEntries(importFields.map((field) => [field, valueOf(field)])) as Record<ImportField, Value>;
}

/**
 * Finds the columns of a file, however many of its rows have them. What differs as `normaliseName` says makes no difference.
 * @param given what the caller names, which must be there
 * @param mayLackStatus true when a row without a status has a meaning
 */
export function gatherColumns({
  names,
  given,
  mayLackStatus,
}: {
  names: ColumnNames;
  given: ColumnMapping;
  mayLackStatus: boolean;
}): Columns {
  const findPlaces = createPlaceFinder(names);
  const best: Partial<Record<ImportField, Place>> = {};
  // One more than is shown, so that it shows that there are more.
  const seen = new Set<string>();

  return {
    see(row) {
      const places = findPlaces(row);
      for (const field of importFields) {
        const place = places[field];
        if (place && place.rank < (best[field]?.rank ?? Infinity)) best[field] = place;
      }
      for (let index = 0; seen.size <= SHOWN_NAMES && index < row.length; index++) seen.add(row[index] as string);
    },
    judge() {
      const found: ColumnMapping = {};
      const problems: ColumnProblem[] = [];
      for (const field of importFields) {
        const wanted = given[field];
        const column = best[field]?.name;
        if (column !== undefined) found[field] = column;
        else if (wanted !== undefined || isNeeded(field, mayLackStatus))
          problems.push(missing(field, wanted, [...seen]));
      }
      return problems.length > 0 ? problems : found;
    },
  };
}

/** What is wrong with a header by itself; null when nothing is. */
export function findHeaderProblem(names: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const name of names.map(normaliseName).filter((each) => each !== '')) {
    if (seen.has(name)) return `The header names "${name}" twice: rename one of the two columns.`;
    seen.add(name);
  }
  return seen.size === 0 ? 'The first row must name the columns, such as conversion_id,status.' : null;
}

function isNeeded(field: ImportField, mayLackStatus: boolean): boolean {
  return field === 'conversion_id' || (field === 'status' && !mayLackStatus);
}

function missing(field: ImportField, wanted: string | undefined, names: readonly string[]): ColumnProblem {
  const shown = names.filter((name) => name.trim() !== '').slice(0, SHOWN_NAMES);
  const there = `The file has ${shown.map((name) => `"${name}"`).join(', ')}${names.length > SHOWN_NAMES ? ', …' : ''}.`;
  const what =
    wanted === undefined
      ? `No column holds the ${field}: name it in the mapping, as in {"${field}":"${shown[0] ?? 'Click ID'}"}.`
      : `There is no column "${wanted}" for the ${field}.`;
  return { field: `mapping.${field}`, message: `${what} ${there}` };
}
