// Where a row that names its fields itself holds what.

/** Where a field stands in a row. */
export type Place = {
  /** What the row calls it. */
  name: string;
  /** How many of the names by which it is looked for come before that. */
  rank: number;
  /** The same name once more in the row, in other letters. */
  twin?: string;
};

type Names<Field extends string> = Readonly<Record<Field, readonly string[]>>;

type Role<Field> = { field: Field; rank: number };

// Rows of most files have a few names that come again and again; one that is longer than any that is looked for is seldom one.
const MOST_KNOWN = 1000;
const LONGEST_KNOWN = 256;
const NO_ROLES: readonly never[] = [];

/**
 * @param names by which each field is looked for
 * @returns finds where a row holds what by the names of its fields, whichever rows came before
 */
export function createPlaceFinder<Field extends string>(
  names: Names<Field>,
): (row: readonly string[]) => Partial<Record<Field, Place>> {
  const roles = listRoles(names);
  const known = new Map<string, readonly Role<Field>[]>();

  return (row) => {
    const places: Partial<Record<Field, Place>> = {};
    for (const name of row) {
      for (const { field, rank } of rolesOf(name)) {
        const place = places[field];
        if (!place || rank < place.rank) places[field] = { name, rank };
        else if (rank === place.rank) place.twin = name;
      }
    }
    return places;
  };

  function rolesOf(name: string): readonly Role<Field>[] {
    const found = known.get(name);
    if (found) return found;
    const looked = roles.get(normaliseName(name)) ?? NO_ROLES;
    if (known.size < MOST_KNOWN && name.length <= LONGEST_KNOWN) known.set(name, looked);
    return looked;
  }
}

export function isSameName(one: string, other: string): boolean {
  return normaliseName(one) === normaliseName(other);
}

/** Names that are one name to us are the same then: case, blanks around it and how its accents are written make no difference. */
export function normaliseName(name: string): string {
  return name.trim().toLowerCase().normalize('NFC');
}

/** What each name stands for, of which one may be several things. */
function listRoles<Field extends string>(names: Names<Field>): ReadonlyMap<string, readonly Role<Field>[]> {
  const roles = new Map<string, Role<Field>[]>();
  for (const [field, listed] of Object.entries(names) as [Field, readonly string[]][]) {
    for (const [rank, name] of listed.entries()) {
      const normalised = normaliseName(name);
      roles.set(normalised, [...(roles.get(normalised) ?? []), { field, rank }]);
    }
  }
  return roles;
}
