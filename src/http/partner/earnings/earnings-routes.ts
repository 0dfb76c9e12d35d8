import type { Router } from 'express';
import type { Knex } from 'knex';
import { readBalances } from '../../../db/ledger/balances.ts';
import { listPayouts } from '../../../db/ledger/payouts.ts';
import { readStatement } from '../../../db/ledger/statements.ts';
import { listLedgerLines } from '../../../db/reports/ledger-lines.ts';
import { ledgerListSchema, readScope, statementListSchema, statementSchema } from '../../fields/ledger-filters.ts';
import { sendList } from '../../fields/lists.ts';
import { USUAL_PAGE } from '../../fields/number-schemas.ts';
import { readWith } from '../../fields/read-with.ts';
import { wantsCsv } from '../../protocol/csv.ts';
import { writeCursor } from '../../protocol/cursor.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { partnerOf } from '../auth.ts';
import { notYours } from '../not-yours.ts';
import { earningsColumns, payoutColumns, viewOwnLine, viewOwnPayout, viewOwnStatement } from './earnings-answers.ts';

/** What a partner has earned, line by line, and what was paid out to it. */
export function addEarningsRoutes(routes: Router, db: Knex): void {
  routes.get('/balance', async (_req, res) => {
    res.json({ balances: await readBalances(db, partnerOf(res)) });
  });
  routes.get('/ledger', async (req, res) => {
    const query = readWith(ledgerListSchema, req.query);
    const partnerId = partnerOf(res);
    await sendList(req, res, {
      query,
      read: (page) => listLedgerLines(db, { ...query, ...page, partnerId }),
      view: viewOwnLine,
      csv: { name: 'ledger', columns: earningsColumns },
    });
  });
  routes.get('/statements', async (req, res) => {
    const query = readWith(statementListSchema, req.query);
    const partnerId = partnerOf(res);
    await sendList(req, res, {
      query,
      read: (page) => listPayouts(db, { ...query, ...page, partnerId }),
      view: viewOwnPayout,
      csv: { name: 'statements', columns: payoutColumns },
    });
  });
  routes.get('/statements/:id', async (req, res) => {
    const query = readWith(statementSchema, req.query);
    const { id } = req.params;
    const statement = await readStatement(db, partnerOf(res), readScope(id));
    if (!statement) throw notYours('payout', id);
    const read = (page: { limit: number; cursor?: string | undefined }) =>
      listLedgerLines(db, { ...statement.filter, ...page });
    if (wantsCsv(req)) {
      const csv = { name: `statement-${id}`, columns: earningsColumns };
      return await sendList(req, res, { query, read, view: viewOwnLine, csv });
    }
    const { rows, next } = await read({ limit: query.limit ?? USUAL_PAGE, cursor: query.cursor });
    res.vary('Accept').json({
      ...viewOwnStatement(statement),
      items: rows.map(viewOwnLine),
      next_cursor: next === null ? null : writeCursor(next),
    });
  });
  routes.all(['/balance', '/ledger', '/statements', '/statements/:id'], allowOnly('GET', 'HEAD'));
}
