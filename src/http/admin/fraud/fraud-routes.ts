import type { Router } from 'express';
import type { Knex } from 'knex';
import {
  listFraudFlags,
  readNotLookedAt,
  summariseFraudFlags,
  type FraudSummaryRow,
} from '../../../db/reports/fraud-flags.ts';
import { viewFlag } from '../../../stories/flag-view.ts';
import { fraudFlagListSchema, fraudSummarySchema } from '../../fields/fraud-filters.ts';
import { sendList } from '../../fields/lists.ts';
import { readWith } from '../../fields/read-with.ts';
import { sendCsv, wantsCsv, type CsvColumn } from '../../protocol/csv.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';

const columns: CsvColumn<ReturnType<typeof viewFlag>>[] = [
  { header: 'flag_id', value: (flag) => flag.flag_id },
  { header: 'at', value: (flag) => flag.at },
  { header: 'kind', value: (flag) => flag.kind },
  { header: 'partner_id', value: (flag) => flag.partner_id },
  { header: 'conversion_id', value: (flag) => flag.conversion_id },
  { header: 'lead_id', value: (flag) => flag.lead_id },
  { header: 'reason', value: (flag) => flag.reason },
];

const summaryColumns: CsvColumn<FraudSummaryRow>[] = [
  { header: 'partner_id', value: (row) => row.partner_id },
  { header: 'kind', value: (row) => row.kind },
  { header: 'flags', value: (row) => row.flags },
  { header: 'conversions', value: (row) => row.conversions },
  { header: 'latest_at', value: (row) => row.latest_at },
];

/** What looks odd. Partners see nothing of it. */
export function addFraudRoutes(routes: Router, db: Knex): void {
  routes.get('/fraud-flags', async (req, res) => {
    const query = readWith(fraudFlagListSchema, req.query);
    await sendList(req, res, {
      query,
      read: (page) => listFraudFlags(db, { ...query, ...page }),
      view: viewFlag,
      csv: { name: 'fraud-flags', columns },
    });
  });
  routes.get('/fraud-flags/summary', async (req, res) => {
    const rows = await summariseFraudFlags(db, readWith(fraudSummarySchema, req.query));
    res.vary('Accept');
    if (wantsCsv(req)) return sendCsv(res, { name: 'fraud-flags-by-partner', columns: summaryColumns, rows });
    const { leads } = await readNotLookedAt(db);
    res.json({ items: rows, leads_not_looked_at: leads });
    return undefined;
  });
  routes.all(['/fraud-flags', '/fraud-flags/summary'], allowOnly('GET', 'HEAD'));
}
