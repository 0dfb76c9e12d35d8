import type { Response } from 'express';
import type { Knex } from 'knex';
import type { PageQuery } from '../../../db/reports/pages.ts';
import { listPartnerConversions, type PartnerConversionQuery } from '../../../db/reports/partner-conversions.ts';
import { AppError } from '../../../errors.ts';

const MISSING_SINCE = 'Cashcat-Missing-Since';

/**
 * Reads page by page what an answer holds, JSON or CSV. Since when conversions may be missing stands beside the items, and
 * in a header, because a file has no other place for it.
 */
export function readConversionsFor(res: Response, db: Knex, filters: Omit<PartnerConversionQuery, keyof PageQuery>) {
  return async (page: PageQuery) => {
    const { missingSince, ...found } = await listPartnerConversions(db, { ...filters, ...page });
    if (missingSince !== null && res.get(MISSING_SINCE) === undefined) {
      // A file that began as a whole one: better it breaks off than that nobody hears of it.
      if (res.headersSent) throw new AppError('unavailable', 'Counting fell behind while conversions were read.');
      res.set(MISSING_SINCE, missingSince);
    }
    return { ...found, besides: { missing_since: missingSince } };
  };
}
