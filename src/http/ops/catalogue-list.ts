import type { Request, Response } from 'express';
import { z } from 'zod';
import type { CataloguePageQuery } from '../../db/catalogue-rows.ts';
import { readListFilters } from '../console/list-filters.ts';
import { visitOf } from '../console/session/visit.ts';
import type { ListPage } from './list-page.ts';

const PAGE = 50;

const filters = z.strictObject({
  q: z.string().max(120).optional(),
  state: z.enum(['active', 'paused']).optional(),
  cursor: z.string().max(64).optional(),
});

/** Of a list whose rows belong to advertisers. */
export const filtersByAdvertiser = filters.extend({ advertiser_id: z.string().max(64).optional() });

/** Reads the part of a list that a request asks for. */
export async function readCatalogueList<Row>(
  req: Request,
  res: Response,
  {
    read,
    idOf,
    length = PAGE,
    schema = filters,
  }: {
    read: (query: CataloguePageQuery & { advertiser_id?: string | undefined }) => Promise<Row[]>;
    idOf: (row: Row) => string;
    length?: number;
    schema?: typeof filtersByAdvertiser | typeof filters;
  },
): Promise<ListPage<Row>> {
  const list = readListFilters(req, schema, visitOf(res).timeZone);
  const { cursor: after, ...asked } = list.filters;
  const found = await read({ ...asked, after, limit: length + 1 });
  const rows = found.slice(0, length);
  const last = rows.at(-1);
  return {
    ...{ given: list.given, errors: list.errors, isFiltered: list.isFiltered, rows },
    first: after === undefined ? undefined : list.pageAt(),
    next: found.length > length && last !== undefined ? list.pageAt(idOf(last)) : undefined,
  };
}

/** The fields of such a list's filters. */
export const catalogueFilters = `
<%~ it.show.field({ name: 'q', label: 'Name or id', type: 'search', value: it.given.q, error: it.errors.q, attributes: { maxlength: '120' } }) %>
<%~ it.show.select({ name: 'state', label: 'State', value: it.given.state, options: [{ value: '', label: 'any' }, { value: 'active', label: 'active' }, { value: 'paused', label: 'paused' }] }) %>`;
