import type { Router } from 'express';
import type { Knex } from 'knex';
import { readPartnerStats, type PartnerStats, type StatsQuery } from '../../../db/reports/partner-stats.ts';
import { AppError } from '../../../errors.ts';
import { createTurns } from '../../../turns.ts';
import { readWith } from '../../fields/read-with.ts';
import { sendCsv, wantsCsv } from '../../protocol/csv.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { partnerOf } from '../auth.ts';
import { statsColumns } from './stats-csv.ts';
import { statsQuerySchema } from './stats-openapi.ts';

// They take seconds, and whatever else is read has the same few connections.
const BY_REF_ID_AT_A_TIME = 2;

/** A partner's figures. */
export function addStatsRoutes(routes: Router, db: Knex): void {
  const turns = createTurns(() => BY_REF_ID_AT_A_TIME);
  const busy = new Set<string>();

  routes.get('/stats', async (req, res) => {
    const query = { ...readWith(statsQuerySchema, req.query), partner_id: partnerOf(res) };
    const stats = query.group_by === 'ref_id' ? await readInTurn(query) : await readPartnerStats(db, query);
    res.vary('Accept');
    if (!wantsCsv(req)) return void res.json(stats);
    await sendCsv(res, { name: `stats-by-${stats.group_by}`, columns: statsColumns(stats), rows: stats.rows });
  });
  routes.all('/stats', allowOnly('GET', 'HEAD'));

  /** One at a time for each partner, so that nobody waits behind the many calls of another. */
  async function readInTurn(query: StatsQuery): Promise<PartnerStats> {
    const { partner_id: partnerId } = query;
    if (busy.has(partnerId)) throw new AppError('too_many', 'Your figures by ref_id are being counted: wait for them.');
    busy.add(partnerId);
    try {
      return await turns.take(() => readPartnerStats(db, query));
    } finally {
      busy.delete(partnerId);
    }
  }
}
