import type { Request, Response, Router } from 'express';
import type { Knex } from 'knex';
import { listPartnerPostbacks } from '../../../db/reports/partner-postbacks.ts';
import { readPartnerStats } from '../../../db/reports/partner-stats.ts';
import { viewListedPostback } from '../../../stories/partner-postback.ts';
import { readListFilters, type ListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { sendListAsCsv } from '../../fields/lists.ts';
import { addDays } from '../../pages/console/days.ts';
import { sendCsv } from '../../protocol/csv.ts';
import { firstOf, readQuery } from '../../protocol/query.ts';
import { conversionColumns } from '../conversions/conversion-csv.ts';
import { conversionListSchema } from '../conversions/conversion-schemas.ts';
import { readConversionsFor } from '../conversions/read-conversions.ts';
import type { ReportLimit } from '../limit-reports.ts';
import { postbackColumns } from '../postbacks/postback-csv.ts';
import { statsColumns } from '../stats/stats-csv.ts';
import { findByAnyId, logFilters } from './deliveries/delivery-filters.ts';
import { readOverviewQuery } from './overview/overview-query.ts';
import { sessionOf } from './partner-session.ts';

/** What the console's lists and figures hold as CSV files, with the columns that the API gives and the filters of the page. */
export function addFiles(routes: Router, { db, reports }: { db: Knex; reports: ReportLimit }): void {
  routes.get('/deliveries.csv', async (req, res) => {
    const { partnerId } = sessionOf(res);
    const list = readListFilters(req, logFilters, visitOf(res).timeZone);
    if (isRefused(list)) return leadToPage(req, res);
    const { q, ...asked } = list.filters;
    const { postbackId, ...found } = q === undefined ? {} : await findByAnyId(db, partnerId, q);
    if (postbackId !== undefined) return leadToPage(req, res);
    await reports.countFile(partnerId, res);
    await sendListAsCsv(res, {
      read: (page) => listPartnerPostbacks(db, { ...asked, ...found, ...page, partnerId }),
      view: viewListedPostback,
      csv: { name: 'postbacks', columns: postbackColumns },
    });
  });

  routes.get('/conversions.csv', async (req, res) => {
    const { partnerId } = sessionOf(res);
    const list = readListFilters(req, conversionListSchema, visitOf(res).timeZone);
    if (isRefused(list)) return leadToPage(req, res);
    await reports.countFile(partnerId, res);
    await sendListAsCsv(res, {
      read: readConversionsFor(res, db, { ...list.filters, partnerId }),
      view: (conversion) => conversion,
      csv: { name: 'conversions', columns: conversionColumns },
    });
  });

  routes.get('/stats.csv', async (req, res) => {
    const { partnerId } = sessionOf(res);
    const query = readQuery(req.url);
    const { from, to, timeZone } = readOverviewQuery(query, visitOf(res));
    await reports.countFile(partnerId, res);
    const stats = await readPartnerStats(db, {
      ...{ partner_id: partnerId, from, to: addDays(to, 1), time_zone: timeZone },
      group_by: firstOf(query.group_by) === 'offer' ? 'offer' : 'day',
    });
    await sendCsv(res, { name: `stats-by-${stats.group_by}`, columns: statsColumns(stats), rows: stats.rows });
  });
}

function isRefused({ errors }: ListFilters<unknown>): boolean {
  return Object.keys(errors).length > 0;
}

/** It says what is wrong, or shows the only one that was asked for. */
function leadToPage(req: Request, res: Response): void {
  res.redirect(303, req.originalUrl.replace('.csv', ''));
}
