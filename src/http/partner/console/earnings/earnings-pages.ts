import type { Router } from 'express';
import type { Knex } from 'knex';
import { readBalances } from '../../../../db/ledger/balances.ts';
import { listPayouts } from '../../../../db/ledger/payouts.ts';
import { readStatement } from '../../../../db/ledger/statements.ts';
import { listLedgerLines } from '../../../../db/reports/ledger-lines.ts';
import { lineKinds } from '../../../../domain/ledger.ts';
import { placesOf, readListFilters } from '../../../console/list-filters.ts';
import { visitOf } from '../../../console/session/visit.ts';
import { ledgerListSchema, readScope, statementListSchema, statementSchema } from '../../../fields/ledger-filters.ts';
import { sendListAsCsv } from '../../../fields/lists.ts';
import {
  earningsColumns,
  payoutColumns,
  viewOwnLine,
  viewOwnPayout,
  viewOwnStatement,
} from '../../earnings/earnings-answers.ts';
import type { ReportLimit } from '../../limit-reports.ts';
import { notYours } from '../../not-yours.ts';
import { sessionOf } from '../partner-session.ts';
import { sendEarnings, sendStatement, sendStatements } from './earnings-page.ts';

const PAGE_LENGTH = 25;

/** What the partner has earned, line by line, and what was paid out to it. */
export function addEarningsPages(routes: Router, { db, reports }: { db: Knex; reports: ReportLimit }): void {
  routes.get('/earnings', async (req, res) => {
    const { partnerId } = sessionOf(res);
    const list = readListFilters(req, ledgerListSchema.omit({ limit: true }), visitOf(res).timeZone);
    const balances = await readBalances(db, partnerId);
    const { rows, next } = await listLedgerLines(db, { ...list.filters, partnerId, limit: PAGE_LENGTH });
    const currencies = balances.map(({ currency }) => currency);
    sendEarnings(
      res,
      { title: 'Earnings' },
      { ...list, ...placesOf(list, next), balances, currencies, kinds: lineKinds, rows: rows.map(viewOwnLine) },
    );
  });
  routes.get('/earnings.csv', async (req, res) => {
    const { partnerId } = sessionOf(res);
    const { filters } = readListFilters(req, ledgerListSchema.omit({ limit: true }), visitOf(res).timeZone);
    await reports.countFile(partnerId, res);
    await sendListAsCsv(res, {
      read: (page) => listLedgerLines(db, { ...filters, ...page, partnerId }),
      view: viewOwnLine,
      csv: { name: 'earnings', columns: earningsColumns },
    });
  });

  routes.get('/earnings/statements', async (req, res) => {
    const { partnerId } = sessionOf(res);
    const list = readListFilters(req, statementListSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { rows, next } = await listPayouts(db, { ...list.filters, partnerId, limit: PAGE_LENGTH });
    const shown = { ...placesOf(list, next), csv: list.csv, rows: rows.map(viewOwnPayout) };
    sendStatements(res, { title: 'Statements' }, shown);
  });
  routes.get('/earnings/statements.csv', async (_req, res) => {
    const { partnerId } = sessionOf(res);
    await reports.countFile(partnerId, res);
    await sendListAsCsv(res, {
      read: (page) => listPayouts(db, { ...page, partnerId }),
      view: viewOwnPayout,
      csv: { name: 'statements', columns: payoutColumns },
    });
  });

  // Before the page, whose address would hold it.
  routes.get('/earnings/statements/:id.csv', async (req, res) => {
    const { partnerId } = sessionOf(res);
    const { filter } = await find(partnerId, req.params.id);
    await reports.countFile(partnerId, res);
    await sendListAsCsv(res, {
      read: (page) => listLedgerLines(db, { ...filter, ...page }),
      view: viewOwnLine,
      csv: { name: `statement-${req.params.id}`, columns: earningsColumns },
    });
  });
  routes.get('/earnings/statements/:id', async (req, res) => {
    const statement = await find(sessionOf(res).partnerId, req.params.id);
    const list = readListFilters(req, statementSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { rows, next } = await listLedgerLines(db, { ...statement.filter, ...list.filters, limit: PAGE_LENGTH });
    const title = statement.payout ? 'Statement of a payout' : 'Statement of what is open';
    sendStatement(
      res,
      { title },
      {
        ...{ title, statement: viewOwnStatement(statement), rows: rows.map(viewOwnLine), csv: list.csv },
        ...placesOf(list, next),
      },
    );
  });

  async function find(partnerId: string, id: string) {
    const scope = readScope(id);
    const statement = await readStatement(db, partnerId, scope);
    if (!statement) throw notYours('payout', id);
    return statement;
  }
}
