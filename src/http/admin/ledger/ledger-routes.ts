import type { Router } from 'express';
import type { Knex } from 'knex';
import { z } from 'zod';
import { asActor } from '../../../db/audit.ts';
import { readBalances } from '../../../db/ledger/balances.ts';
import { checkLedger } from '../../../db/ledger/ledger-check.ts';
import { listPayouts, recordPayout } from '../../../db/ledger/payouts.ts';
import { readStatement } from '../../../db/ledger/statements.ts';
import { readPartner } from '../../../db/partners.ts';
import { listLedgerLines } from '../../../db/reports/ledger-lines.ts';
import { AppError } from '../../../errors.ts';
import { idFilter } from '../../fields/filters.ts';
import {
  ledgerListSchema,
  newPayoutSchema,
  readScope,
  statementListSchema,
  statementSchema,
} from '../../fields/ledger-filters.ts';
import { lineColumns } from '../../fields/ledger-csv.ts';
import { sendList } from '../../fields/lists.ts';
import { USUAL_PAGE } from '../../fields/number-schemas.ts';
import { readWith } from '../../fields/read-with.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { writeCursor } from '../../protocol/cursor.ts';
import { wantsCsv } from '../../protocol/csv.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { payoutColumns, viewLine, viewStatement } from './ledger-answers.ts';

export const checkQuerySchema = z.strictObject({ partner_id: idFilter.meta({ description: 'Only this one.' }) });

/** What partners have earned, and what was paid out to them. */
export function addLedgerRoutes(routes: Router, db: Knex): void {
  routes.get('/ledger/check', async (req, res) => {
    const { partner_id: partnerId } = readWith(checkQuerySchema, req.query);
    res.json(await checkLedger(db, { partnerId }));
  });
  routes.get('/partners/:id/balance', async (req, res) => {
    const partnerId = await knownPartner(req.params.id);
    res.json({ partner_id: partnerId, balances: await readBalances(db, partnerId) });
  });
  routes.post('/partners/:id/payouts', needs('admin'), async (req, res) => {
    const partnerId = await knownPartner(req.params.id);
    const { currency, upto, reference, comment = null, amount } = readWith(newPayoutSchema, req.body);
    const given = { partnerId, currency, upto, reference, comment, expectedAmount: amount };
    const { payout } = await asActor(db, actorOf(res), (trx) => recordPayout(trx, given));
    res.status(201).json(payout);
  });
  routes.get('/partners/:id/ledger', async (req, res) => {
    const partnerId = await knownPartner(req.params.id);
    const query = readWith(ledgerListSchema, req.query);
    await sendList(req, res, {
      query,
      read: (page) => listLedgerLines(db, { ...query, ...page, partnerId }),
      view: viewLine,
      csv: { name: `ledger-${partnerId}`, columns: lineColumns },
    });
  });
  routes.get('/partners/:id/statements', async (req, res) => {
    const partnerId = await knownPartner(req.params.id);
    const query = readWith(statementListSchema, req.query);
    await sendList(req, res, {
      query,
      read: (page) => listPayouts(db, { ...query, ...page, partnerId }),
      view: (payout) => payout,
      csv: { name: `statements-${partnerId}`, columns: payoutColumns },
    });
  });
  routes.get('/partners/:id/statements/:period', async (req, res) => {
    const partnerId = await knownPartner(req.params.id);
    const query = readWith(statementSchema, req.query);
    const { period } = req.params;
    const statement = await readStatement(db, partnerId, readScope(period));
    if (!statement) throw new AppError('unknown', `Partner ${partnerId} has no payout ${period}.`);
    const read = (page: { limit: number; cursor?: string | undefined }) =>
      listLedgerLines(db, { ...statement.filter, ...page });
    if (wantsCsv(req)) {
      const csv = { name: `statement-${partnerId}-${period}`, columns: lineColumns };
      return await sendList(req, res, { query, read, view: viewLine, csv });
    }
    const { rows, next } = await read({ limit: query.limit ?? USUAL_PAGE, cursor: query.cursor });
    res.vary('Accept').json({
      ...viewStatement(statement),
      items: rows.map(viewLine),
      next_cursor: next === null ? null : writeCursor(next),
    });
  });

  routes.all('/ledger/check', allowOnly('GET', 'HEAD'));
  routes.all('/partners/:id/payouts', allowOnly('POST'));
  routes.all(
    ['/partners/:id/balance', '/partners/:id/ledger', '/partners/:id/statements', '/partners/:id/statements/:period'],
    allowOnly('GET', 'HEAD'),
  );

  async function knownPartner(id: string): Promise<string> {
    const partner = await readPartner(db, id);
    if (!partner) throw new AppError('unknown', `There is no partner ${id}.`);
    return partner.partner_id;
  }
}
