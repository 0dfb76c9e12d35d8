// Which column of a file holds what.
export const importFields = ['conversion_id', 'status', 'reason', 'transaction_id', 'event_time'] as const;

/** What a row may say, by our names. */
export type ImportField = (typeof importFields)[number];

/** In which column of a file each field stands, by the column's name; what no column holds is left out. */
export type ColumnMapping = Partial<Record<ImportField, string>>;

export type ColumnProblem = { field: string; message: string };

type Columns = {
  /** The names of the file's columns, as they stand in it. */
  names: readonly string[];
  /** What the caller says of this file. */
  given: ColumnMapping;
  /** What held for the advertiser's last file, and how it calls our parameters elsewhere. */
  usual: readonly ColumnMapping[];
  /** True when a row without a status has a meaning. */
  mayLackStatus: boolean;
  /** True where a later row may have columns that `names` does not: each JSON object has its own. */
  mayHaveMore?: boolean;
};

const SHOWN_NAMES = 20;

/**
 * Finds the columns of a file. What the caller names must be there; for the rest, the usual names are looked for, then
 * our own. Case and surrounding blanks make no difference.
 */
export function findColumns(columns: Columns): ColumnMapping | ColumnProblem[] {
  const { names, given, usual, mayLackStatus, mayHaveMore = false } = columns;
  const byName = new Map(names.map((name) => [normalise(name), name]));
  const find = (name: string | undefined) => (name === undefined ? undefined : byName.get(normalise(name)));
  const found: ColumnMapping = {};
  const problems: ColumnProblem[] = [];
  for (const field of importFields) {
    const wanted = given[field];
    const expected = [...usual.flatMap((each) => each[field] ?? []), field];
    const column = wanted === undefined ? findFirst(expected, find) : find(wanted);
    if (column !== undefined) found[field] = column;
    else if (wanted !== undefined || isNeeded(field, mayLackStatus)) problems.push(missing(field, wanted, names));
    else if (mayHaveMore) found[field] = expected[0] ?? field;
  }
  return problems.length > 0 ? problems : found;
}

/** What is wrong with a header by itself; null when nothing is. */
export function findHeaderProblem(names: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const name of names.map(normalise).filter((each) => each !== '')) {
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

function findFirst(
  names: readonly string[],
  find: (name: string | undefined) => string | undefined,
): string | undefined {
  for (const name of names) {
    const column = find(name);
    if (column !== undefined) return column;
  }
  return undefined;
}

function normalise(name: string): string {
  return name.trim().toLowerCase();
}
