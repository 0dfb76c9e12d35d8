import type { Request, Response } from 'express';
import { z } from 'zod';
import type { CataloguePageQuery } from '../../db/catalogue-rows.ts';
import { readListFilters } from '../console/list-filters.ts';
import { visitOf } from '../console/session/visit.ts';

/** A list of the catalogue as its page shows it. */
export type CatalogueList<Row> = {
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  rows: Row[];
  first: string | undefined;
  next: string | undefined;
};

const PAGE = 50;

const filters = z.strictObject({
  q: z.string().max(120).optional(),
  state: z.enum(['active', 'paused']).optional(),
  advertiser_id: z.string().max(64).optional(),
  cursor: z.string().max(64).optional(),
});

/** Reads the part of a list that a request asks for. */
export async function readCatalogueList<Row>(
  req: Request,
  res: Response,
  {
    read,
    idOf,
  }: {
    read: (query: CataloguePageQuery & { advertiser_id?: string | undefined }) => Promise<Row[]>;
    idOf: (row: Row) => string;
  },
): Promise<CatalogueList<Row>> {
  const list = readListFilters(req, filters, visitOf(res).timeZone);
  const { cursor: after, ...asked } = list.filters;
  const found = await read({ ...asked, after, limit: PAGE + 1 });
  const rows = found.slice(0, PAGE);
  const last = rows.at(-1);
  return {
    ...{ given: list.given, errors: list.errors, isFiltered: list.isFiltered, rows },
    first: after === undefined ? undefined : list.pageAt(),
    next: found.length > PAGE && last !== undefined ? list.pageAt(idOf(last)) : undefined,
  };
}

/** The filters of such a list, as a part of its page. @param path where the list is */
export const catalogueFilters = (path: string) => `
<form method="get" action="${path}" class="filters">
<%~ it.show.field({ name: 'q', label: 'Name or id', type: 'search', value: it.given.q, error: it.errors.q, attributes: { maxlength: '120' } }) %>
<%~ it.show.select({ name: 'state', label: 'State', value: it.given.state, options: [{ value: '', label: 'any' }, { value: 'active', label: 'active' }, { value: 'paused', label: 'paused' }] }) %>
<div class="row"><button class="plain">Show</button><% if (it.isFiltered) { %><a class="button quiet" href="${path}">All</a><% } %></div>
</form>
`;
