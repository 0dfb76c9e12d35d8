import type { Router } from 'express';
import type { Knex } from 'knex';
import { readPartnerStats } from '../../../db/reports/partner-stats.ts';
import { readWith } from '../../fields/read-with.ts';
import { sendCsv, wantsCsv } from '../../protocol/csv.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { partnerOf } from '../auth.ts';
import { statsColumns } from './stats-csv.ts';
import { statsQuerySchema } from './stats-openapi.ts';

/** A partner's figures. */
export function addStatsRoutes(routes: Router, db: Knex): void {
  routes.get('/stats', async (req, res) => {
    const query = readWith(statsQuerySchema, req.query);
    const stats = await readPartnerStats(db, { ...query, partner_id: partnerOf(res) });
    res.vary('Accept');
    if (!wantsCsv(req)) return void res.json(stats);
    await sendCsv(res, { name: `stats-by-${stats.group_by}`, columns: statsColumns(stats), rows: stats.rows });
  });
  routes.all('/stats', allowOnly('GET', 'HEAD'));
}
