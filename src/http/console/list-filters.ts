import type { Request } from 'express';
import type { z } from 'zod';
import { AppError } from '../../errors.ts';
import { addDays, beginOfDay, isDay } from '../pages/console/days.ts';
import { readWith } from '../fields/read-with.ts';
import { writeCursor } from '../protocol/cursor.ts';
import { readQuery } from '../protocol/query.ts';

/** The filters of a list as they stand in its address. */
export type ListFilters<Filters> = {
  /** What is asked for; a filter that cannot be read is left out. */
  filters: Filters;
  /** As they were typed, for the form. */
  given: Record<string, string>;
  /** What is wrong, by field. */
  errors: Record<string, string>;
  /** Whether anything is asked for. */
  isFiltered: boolean;
  /** The address of the same list from another place on; its newest part without one. */
  pageAt(cursor?: string): string;
  /** The address of all of it as a file. */
  csv: string;
};

// A form asks for days, whatever the API takes.
const DAY_RULES: Readonly<Record<string, string>> = {
  from: 'must be a day, such as 2026-01-31',
  to: 'must be a day, such as 2026-01-31',
};

/**
 * Reads filters as the API takes them, but days of the reader's time zone for `from` and `to`, both included, and nothing for
 * an empty field. What is wrong is said beside its field, and the list is shown without it.
 */
export function readListFilters<Schema extends z.ZodType>(
  req: Request,
  schema: Schema,
  timeZone: string,
): ListFilters<z.output<Schema>> {
  const given = Object.fromEntries(
    Object.entries(readQuery(req.url)).flatMap(([name, value]) => {
      const text = String((Array.isArray(value) ? value[0] : value) ?? '').trim();
      return text === '' ? [] : [[name, text]];
    }),
  );
  const shown = Object.fromEntries(Object.entries(given).filter(([name]) => name !== 'cursor'));
  const path = `${req.baseUrl}${req.path}`;
  const search = new URLSearchParams(shown).toString();
  return {
    csv: `${path}.csv${search === '' ? '' : `?${search}`}`,
    ...readWhatCanBe(schema, { ...given, ...readDays(shown, timeZone) }),
    given: shown,
    isFiltered: Object.keys(shown).length > 0,
    pageAt(place) {
      const query = new URLSearchParams({ ...shown, ...(place === undefined ? {} : { cursor: place }) }).toString();
      return query === '' ? path : `${path}?${query}`;
    },
  };
}

/** What a page shows of a list, beside its rows; `next` is where the next page of it begins. */
export function placesOf(
  list: Pick<ListFilters<{ cursor?: string | undefined }>, 'filters' | 'pageAt'>,
  next: string | null,
): { first: string | undefined; next: string | undefined } {
  return {
    first: list.filters.cursor === undefined ? undefined : list.pageAt(),
    next: next === null ? undefined : list.pageAt(writeCursor(next)),
  };
}

/** `to` is a day that is included, so its end is what the list is asked for. */
function readDays({ from, to }: Record<string, string>, timeZone: string): Record<string, string> {
  return {
    ...(from !== undefined && isDay(from) ? { from: beginOfDay(from, timeZone) } : {}),
    ...(to !== undefined && isDay(to) ? { to: beginOfDay(addDays(to, 1), timeZone) } : {}),
  };
}

function readWhatCanBe<Schema extends z.ZodType>(schema: Schema, asked: Record<string, string>) {
  try {
    return { filters: readWith(schema, asked), errors: {} };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const errors = Object.fromEntries(error.problems.map(({ field, message }) => [field, DAY_RULES[field] ?? message]));
    const rest = Object.fromEntries(Object.entries(asked).filter(([name]) => !(name in errors)));
    return { filters: readWith(schema, rest), errors };
  }
}
