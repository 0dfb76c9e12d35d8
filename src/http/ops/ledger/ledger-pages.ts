import type { Router } from 'express';
import type { Knex } from 'knex';
import { readBalances, readBalancesOfMany } from '../../../db/ledger/balances.ts';
import { checkLedger, readLastLedgerCheck } from '../../../db/ledger/ledger-check.ts';
import { listLatestPayouts, listPayouts } from '../../../db/ledger/payouts.ts';
import { readStatement } from '../../../db/ledger/statements.ts';
import { listPartners } from '../../../db/partners.ts';
import { listLedgerLines, type LedgerLine } from '../../../db/reports/ledger-lines.ts';
import { lineKinds } from '../../../domain/ledger.ts';
import { AppError } from '../../../errors.ts';
import { explainLine, sumByCurrency } from '../../../stories/ledger-words.ts';
import { placesOf, readListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { ledgerListSchema, readScope, statementSchema } from '../../fields/ledger-filters.ts';
import { lineColumns, type ToldLine } from '../../fields/ledger-csv.ts';
import { sendListAsCsv } from '../../fields/lists.ts';
import { writeCountOf } from '../../pages/console/write-numbers.ts';
import { ledgerOf } from '../addresses.ts';
import { readCatalogueList } from '../catalogue-list.ts';
import { mayOf } from '../ops-page.ts';
import { findPartner } from '../partners/find-partner.ts';
import { sendCheck, sendLedger } from './ledger-page.ts';
import { sendPartnerLedger, sendStatement } from './partner-ledger-page.ts';

const PAGE_LENGTH = 50;
const PAYOUTS_SHOWN = 25;
// The lines of each that are open are added up.
const PARTNERS_SHOWN = 20;

/** Ledgers and statements of partners, paying them out, and whether all of it is right. */
export function addLedgerPages(routes: Router, { db }: { db: Knex }): void {
  routes.get('/ledger', async (req, res) => {
    const read = (query: Parameters<typeof listPartners>[1]) => listPartners(db, query);
    const list = await readCatalogueList(req, res, {
      read,
      idOf: (partner) => partner.partner_id,
      length: PARTNERS_SHOWN,
    });
    const balances = await readBalancesOfMany(
      db,
      list.rows.map(({ partner_id: id }) => id),
    );
    const [last, payouts] = [await readLastLedgerCheck(db), await listLatestPayouts(db, PAYOUTS_SHOWN)];
    sendLedger(res, { title: 'Ledger' }, { last, payouts, list, balances });
  });
  routes.get('/ledger/check', async (_req, res) => {
    sendCheck(res, { title: 'Check of the ledger' }, { check: await checkLedger(db), count: writeCountOf });
  });

  // Before the pages of single partners, whose addresses would hold them.
  routes.get('/partners/:id/ledger.csv', async (req, res) => {
    const { partner_id: partnerId } = await findPartner(db, req.params.id);
    const { filters } = readListFilters(req, ledgerListSchema.omit({ limit: true }), visitOf(res).timeZone);
    await sendListAsCsv(res, {
      read: (page) => listLedgerLines(db, { ...filters, ...page, partnerId }),
      view: tell,
      csv: { name: `ledger-${partnerId}`, columns: lineColumns },
    });
  });
  routes.get('/partners/:id/ledger', async (req, res) => {
    const partner = await findPartner(db, req.params.id);
    const { partner_id: partnerId } = partner;
    const list = readListFilters(req, ledgerListSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { rows, next } = await listLedgerLines(db, { ...list.filters, partnerId, limit: PAGE_LENGTH });
    sendPartnerLedger(
      res,
      { title: `Ledger of ${partner.name}` },
      {
        ...list,
        ...placesOf(list, next),
        ...{ partner, at: ledgerOf(partner.partner_id), kinds: lineKinds, mayPay: mayOf(res).admin },
        balances: await readBalances(db, partnerId),
        payouts: (await listPayouts(db, { partnerId, limit: PAYOUTS_SHOWN })).rows,
        rows: rows.map(tell),
      },
    );
  });

  routes.get('/partners/:id/ledger/:period.csv', async (req, res) => {
    const { partner_id: partnerId } = await findPartner(db, req.params.id);
    const { filter } = await findStatement(partnerId, req.params.period);
    await sendListAsCsv(res, {
      read: (page) => listLedgerLines(db, { ...filter, ...page }),
      view: tell,
      csv: { name: `statement-${partnerId}-${req.params.period}`, columns: lineColumns },
    });
  });
  routes.get('/partners/:id/ledger/:period', async (req, res) => {
    const partner = await findPartner(db, req.params.id);
    const statement = await findStatement(partner.partner_id, req.params.period);
    const list = readListFilters(req, statementSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { rows, next } = await listLedgerLines(db, { ...statement.filter, ...list.filters, limit: PAGE_LENGTH });
    const title = titleOf(req.params.period, statement.payout !== null);
    sendStatement(
      res,
      { title: `${title}, ${partner.name}` },
      {
        ...{ partner, at: ledgerOf(partner.partner_id), title, statement, sums: sumByCurrency(statement.sums) },
        ...{ rows: rows.map(tell), csv: list.csv },
        ...placesOf(list, next),
      },
    );
  });

  async function findStatement(partnerId: string, period: string) {
    const statement = await readStatement(db, partnerId, readScope(period));
    if (!statement) throw new AppError('unknown', `Partner ${partnerId} has no payout ${period}.`);
    return statement;
  }
}

function tell(line: LedgerLine): ToldLine {
  return { ...line, why: explainLine(line) };
}

function titleOf(period: string, isPayout: boolean): string {
  if (isPayout) return 'Statement of a payout';
  return period === 'open' ? 'Statement of what is open' : `Statement of ${period}`;
}
