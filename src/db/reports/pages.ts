import type { Knex } from 'knex';

/** At most `limit` rows, those after `cursor` when there is one: the `next` of the page before. */
export type PageQuery = { limit: number; cursor?: string | undefined };

/** A page of a list, the newest row first; `next` is null when nothing follows. */
export type Page<Row> = { rows: Row[]; next: string | null };

/** What a list is made of, as parts of one statement with `:named` values. */
export type List = {
  table: 'leads' | 'conversions' | 'postbacks' | 'status_calls';
  id: string;
  /** By what it is sorted, newest first; the id is the last of them. */
  order: string[];
  /** A statement that goes through an index in this order, at most `:walk` rows: the columns of the order, and `key`. */
  walk: string;
  /** Which of those rows, `r`, belong to the list, where the index alone does not tell. */
  filter: { joins: string[]; conditions: string[] };
  /** What is shown of a row `f` that was found. */
  show: { columns: string; joins: string[] };
};

/**
 * How many entries of an index are looked at for one page, where they have to be looked at one by one. A page may
 * therefore hold fewer rows than asked for, even none, although more follow.
 */
export const MAX_LOOKED_AT = 5000;

type Place = { key: string | null; walk_end: string | null };

/** Reads a page of a list in one statement, whose cost does not depend on how long the list is. */
export async function readPage<Row extends object>(
  db: Knex,
  list: List,
  { limit, ...values }: { limit: number } & Record<string, unknown>,
): Promise<Page<Row>> {
  const walk = list.filter.conditions.length === 0 ? limit + 1 : MAX_LOOKED_AT;
  const bindings = { ...values, walk, found: limit + 1 };
  const { rows: read } = await db.raw<{ rows: (Row & Place)[] }>(writePage(list), bindings);
  const rows = read.filter((row) => row.key !== null);
  const next = rows.length > limit ? rows[limit - 1]?.key : read[0]?.walk_end;
  return { rows: rows.slice(0, limit).map(withoutPlace), next: next ?? null };
}

function withoutPlace<Row extends object>(row: Row & Place): Row {
  const rest: Row & Partial<Place> = { ...row };
  delete rest.key;
  delete rest.walk_end;
  return rest;
}

// Rows are fetched one by one, in the order of the walk, so that it ends when the page is full; the limit of one keeps
// Postgres from any other way, such as reading the whole table. `walk_end` is where it broke off, and is looked for only
// when the page is not full.
function writePage({ table, id, order, walk, filter, show }: List): string {
  const newestFirst = (alias: string) => order.map((column) => `${alias}.${column} desc`).join(', ');
  return `
    with found as materialized (
      select w.key, r.* from (${walk}) w
      cross join lateral (select * from ${table} t where t.${id} = w.${id} limit 1) r
      ${filter.joins.join('')}
      where ${allOf(filter.conditions)}
      order by ${newestFirst('w')} limit :found
    ), shown as (
      select f.key, ${show.columns} from found f ${show.joins.join('')}
    )
    select s.*, e.walk_end
    from (
      select case when (select count(*) from found) < :found then (
        select key from (${walk}) w order by ${newestFirst('w')} offset :walk::int - 1 limit 1
      ) end as walk_end
    ) e left join shown s on true
    order by ${newestFirst('s')}`;
}

/** A part of a statement that is needed only where a value was asked for. */
export function ifAsked(value: unknown, sql: string): string[] {
  return value === undefined ? [] : [sql];
}

export function allOf(conditions: string[]): string {
  return conditions.join(' and ') || 'true';
}

/** The condition on offers, or on what has their columns, of those lists that can be filtered by them. */
export function offerCondition({
  offer_id,
  advertiser_id,
}: {
  offer_id?: string | undefined;
  advertiser_id?: string | undefined;
}) {
  return allOf([
    ...ifAsked(offer_id, 'offer_id = :offer_id'),
    ...ifAsked(advertiser_id, 'advertiser_id = :advertiser_id'),
  ]);
}
