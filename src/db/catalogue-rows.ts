// What the tables of the catalogue have in common.
import type { Knex } from 'knex';
import { AppError } from '../errors.ts';
import { FOREIGN_KEY_VIOLATION, UNIQUE_VIOLATION, sqlStateOf } from './sqlstate.ts';

/** What is paused is answered like what does not exist. */
export type CatalogueState = 'active' | 'paused';

/** A table, the column of its ids, and the columns that are read of it. */
export type CatalogueTable = { table: 'partners' | 'advertisers' | 'offers'; id: string; columns: string[] };

/** Keyset pagination: the ids after `after`, in their order; of those only what is asked for. */
export type CataloguePageQuery = {
  limit: number;
  after?: string | undefined;
  /** Stands in the id or the name, in whatever case. */
  q?: string | undefined;
  state?: CatalogueState | undefined;
};

/** Inserts one row. @throws AppError `taken` or `invalid` for an id that is in use or refers to nothing */
export async function insertOne<Row>(
  db: Knex,
  { table, id, columns }: CatalogueTable,
  values: Record<string, unknown>,
): Promise<Row> {
  try {
    const rows = (await db(table).insert(values).returning(columns)) as Row[];
    return rows[0] as Row;
  } catch (cause) {
    throw refusalOf(cause, { id: String(values[id]), advertiserId: String(values.advertiser_id) }) ?? cause;
  }
}

function refusalOf(cause: unknown, { id, advertiserId }: { id: string; advertiserId: string }): AppError | undefined {
  switch (sqlStateOf(cause)) {
    case UNIQUE_VIOLATION:
      return new AppError('taken', `The id ${id} is taken: choose another, or leave it out and get one.`, { cause });
    case FOREIGN_KEY_VIOLATION: {
      const message = `there is no advertiser ${advertiserId}`;
      return new AppError('invalid', message, { cause, problems: [{ field: 'advertiser_id', message }] });
    }
    default:
      return undefined;
  }
}

/** One page of a table, of one advertiser when `advertiser_id` is given. */
export async function readCatalogueRows<Row>(
  db: Knex,
  { table, id, columns }: CatalogueTable,
  { limit, after, q, state, ...filter }: CataloguePageQuery & { advertiser_id?: string | undefined },
): Promise<Row[]> {
  const query = db(table).orderBy(id).limit(limit);
  if (after !== undefined) void query.where(id, '>', after);
  if (state !== undefined) void query.where({ state });
  // Not like: what is looked for is no pattern.
  if (q !== undefined) void query.whereRaw(`position(lower(:q) in lower(${id} || ' ' || name)) > 0`, { q });
  if (filter.advertiser_id !== undefined) void query.where(filter);
  return (await query.select(columns)) as Row[];
}
