import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Page } from '../../db/reports/pages.ts';
import { pageSizeSchema, USUAL_PAGE } from './number-schemas.ts';
import { writeCursor } from '../protocol/cursor.ts';
import { rowsOfPages, sendCsv, wantsCsv, type CsvColumn } from '../protocol/csv.ts';
import { defineAnswer } from '../protocol/describe-answer.ts';

/** How many rows a list answers with at most. */
export const listLimitSchema = pageSizeSchema.meta({
  description: `At most 200; ${USUAL_PAGE} when left out. As CSV: all when left out.`,
});

type ListQuery = { limit?: number | undefined; cursor?: string | undefined };

/** `besides`: what the JSON of a page tells beside its items. */
type SentList<Row, Item> = {
  query: ListQuery;
  read: (page: { limit: number; cursor?: string | undefined }) => Promise<Page<Row> & { besides?: object }>;
  view: (row: Row) => Item;
  csv: { name: string; columns: CsvColumn<Item>[] };
};

/** Answers with a page of a list, or with all of it as CSV. */
export async function sendList<Row, Item>(
  req: Request,
  res: Response,
  { query, read, view, csv }: SentList<Row, Item>,
): Promise<void> {
  res.vary('Accept');
  if (!wantsCsv(req)) {
    const { rows, next, besides } = await read({ limit: query.limit ?? USUAL_PAGE, cursor: query.cursor });
    res.json({ items: rows.map(view), next_cursor: next === null ? null : writeCursor(next), ...besides });
    return;
  }
  await sendListAsCsv(res, { query, read, view, csv });
}

/** Answers with all of a list as CSV. */
export async function sendListAsCsv<Row, Item>(
  res: Response,
  { query = {}, read, view, csv }: Omit<SentList<Row, Item>, 'query'> & { query?: ListQuery },
): Promise<void> {
  const pages = rowsOfPages(({ limit, cursor = query.cursor }) => read({ limit, cursor }), query.limit);
  await sendCsv(res, { ...csv, rows: viewAll(pages, view) });
}

async function* viewAll<Row, Item>(rows: AsyncIterable<Row>, view: (row: Row) => Item): AsyncGenerator<Item> {
  for await (const row of rows) yield view(row);
}

/** A page of a list, with an example of one item. @param besides further fields of the page, which are null in the example */
export function definePage<Item extends z.ZodType>(item: Item, example: z.output<Item>, besides: z.ZodRawShape = {}) {
  const nextCursor = z
    .string()
    .nullable()
    .meta({
      description:
        'Give it as `cursor` to get the next page; null: no more. A page may hold fewer than `limit`, even none, ' +
        'although more follow: only so many are looked at for one page.',
    });
  const schema: z.ZodType = z.object({ items: z.array(item), next_cursor: nextCursor, ...besides });
  const nulls = Object.fromEntries(Object.keys(besides).map((name) => [name, null]));
  const next_cursor = 'MTc2OTg1MDkwMDAwMDAwMCBwNHQ4dzF4NnozYzd2OWIy';
  return defineAnswer(schema, { items: [example], next_cursor, ...nulls });
}
