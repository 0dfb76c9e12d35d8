import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { asActor } from '../../../db/audit.ts';
import { readBalances, readBalancesOfMany } from '../../../db/ledger/balances.ts';
import { checkLedger, readLastLedgerCheck } from '../../../db/ledger/ledger-check.ts';
import {
  explainPayoutRefusal,
  listLatestPayouts,
  listPayouts,
  previewPayout,
  recordPayout,
} from '../../../db/ledger/payouts.ts';
import { readStatement } from '../../../db/ledger/statements.ts';
import { listPartners, readPartner, type Partner } from '../../../db/partners.ts';
import { listLedgerLines, type LedgerLine } from '../../../db/reports/ledger-lines.ts';
import { lineKinds } from '../../../domain/ledger.ts';
import { isCurrency } from '../../../domain/money.ts';
import { AppError } from '../../../errors.ts';
import { explainLine, sumByCurrency } from '../../../stories/ledger-words.ts';
import { leadBack } from '../../console/console-pages.ts';
import { textIn } from '../../console/form.ts';
import { placesOf, readListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { ledgerListSchema, newPayoutSchema, readScope, statementSchema } from '../../fields/ledger-filters.ts';
import { lineColumns, type ToldLine } from '../../fields/ledger-csv.ts';
import { sendListAsCsv } from '../../fields/lists.ts';
import { readWith } from '../../fields/read-with.ts';
import { beginOfDay, dayOf, isDay } from '../../pages/console/days.ts';
import { writeCountOf, writeMoney } from '../../pages/console/write-numbers.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { firstOf, readQuery } from '../../protocol/query.ts';
import { ledgerOf } from '../addresses.ts';
import { readCatalogueList } from '../catalogue-list.ts';
import { mayOf } from '../ops-page.ts';
import { sendCheck, sendLedger } from './ledger-page.ts';
import { sendPartnerLedger, sendPayoutForm, sendStatement, type PayoutForm } from './partner-ledger-page.ts';

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
    const { partner_id: partnerId } = await find(req.params.id);
    const { filters } = readListFilters(req, ledgerListSchema.omit({ limit: true }), visitOf(res).timeZone);
    await sendListAsCsv(res, {
      read: (page) => listLedgerLines(db, { ...filters, ...page, partnerId }),
      view: tell,
      csv: { name: `ledger-${partnerId}`, columns: lineColumns },
    });
  });
  routes.get('/partners/:id/ledger', async (req, res) => {
    const partner = await find(req.params.id);
    const { partner_id: partnerId } = partner;
    const list = readListFilters(req, ledgerListSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { rows, next } = await listLedgerLines(db, { ...list.filters, partnerId, limit: PAGE_LENGTH });
    sendPartnerLedger(
      res,
      { title: `Ledger of ${partner.name}` },
      {
        ...list,
        ...placesOf(list, next),
        ...{ partner, at: ledgerAt(partner), kinds: lineKinds, mayPay: mayOf(res).admin },
        balances: await readBalances(db, partnerId),
        payouts: (await listPayouts(db, { partnerId, limit: PAYOUTS_SHOWN })).rows,
        rows: rows.map(tell),
      },
    );
  });

  routes.get('/partners/:id/ledger/pay', needs('admin'), async (req, res) => {
    const partner = await find(req.params.id);
    const { currency, day } = readQuery(req.url);
    const today = dayOf(Date.now(), visitOf(res).timeZone);
    const form = { currency: firstOf(currency) ?? '', day: firstOf(day) ?? today, reference: '', comment: '' };
    await showPayoutForm(res, { partner, form });
  });
  routes.post('/partners/:id/ledger/pay', needs('admin'), async (req, res) => {
    const partner = await find(req.params.id);
    const textOf = (name: string) => textIn(req.body, name).trim();
    const form = {
      ...{ currency: textOf('currency'), day: textOf('day') },
      ...{ reference: textOf('reference'), comment: textOf('comment') },
    };
    try {
      const { currency, upto, reference, comment, amount } = readWith(newPayoutSchema, {
        ...{ currency: form.currency, upto: uptoOf(res, form.day), reference: form.reference },
        ...(form.comment !== '' && { comment: form.comment }),
        amount: textOf('amount'),
      });
      const payout = { partnerId: partner.partner_id, currency, upto, reference, comment: comment ?? null };
      await asActor(db, actorOf(res), (trx) => recordPayout(trx, { ...payout, expectedAmount: amount }));
      leadBack(res, ledgerAt(partner), `Paid out ${writeMoney(amount ?? 0, currency)} ${currency}.`);
    } catch (error) {
      if (!(error instanceof AppError) || !['conflict', 'invalid'].includes(error.kind)) throw error;
      const named = Object.fromEntries(error.problems.map(({ field, message }) => [field, message]));
      const errors = error.kind === 'conflict' ? { amount: error.message } : named;
      await showPayoutForm(res, { partner, form, errors, status: error.kind === 'conflict' ? 409 : 422 });
    }
  });

  routes.get('/partners/:id/ledger/:period.csv', async (req, res) => {
    const { partner_id: partnerId } = await find(req.params.id);
    const { filter } = await findStatement(partnerId, req.params.period);
    await sendListAsCsv(res, {
      read: (page) => listLedgerLines(db, { ...filter, ...page }),
      view: tell,
      csv: { name: `statement-${partnerId}-${req.params.period}`, columns: lineColumns },
    });
  });
  routes.get('/partners/:id/ledger/:period', async (req, res) => {
    const partner = await find(req.params.id);
    const statement = await findStatement(partner.partner_id, req.params.period);
    const list = readListFilters(req, statementSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { rows, next } = await listLedgerLines(db, { ...statement.filter, ...list.filters, limit: PAGE_LENGTH });
    const title = titleOf(req.params.period, statement.payout !== null);
    sendStatement(
      res,
      { title: `${title}, ${partner.name}` },
      {
        ...{ partner, at: ledgerAt(partner), title, statement, sums: sumByCurrency(statement.sums) },
        ...{ rows: rows.map(tell), csv: list.csv },
        ...placesOf(list, next),
      },
    );
  });

  async function showPayoutForm(
    res: Response,
    {
      partner,
      form,
      errors = {},
      status = 200,
    }: { partner: Partner; form: PayoutForm; errors?: Record<string, string>; status?: number },
  ): Promise<void> {
    const { currency, day } = form;
    if (!isCurrency(currency)) throw new AppError('unknown', `"${currency}" is not a currency.`);
    const asked = { partnerId: partner.partner_id, currency, upto: isDay(day) ? uptoOf(res, day) : '' };
    const preview = asked.upto === '' ? undefined : await previewPayout(db, asked);
    const refusal = preview?.is_future ? FUTURE : preview && explainPayoutRefusal(preview, asked);
    const said: Record<string, string> = preview === undefined ? { day: 'must be a date' } : {};
    const shown = { partner, at: ledgerAt(partner), form, preview, refusal, errors: { ...said, ...errors } };
    sendPayoutForm(res, { title: `Pay out ${partner.name}`, status }, shown);
  }

  async function find(partnerId: string): Promise<Partner> {
    const partner = await readPartner(db, partnerId);
    if (!partner) throw new AppError('unknown', `There is no partner ${partnerId}.`);
    return partner;
  }

  async function findStatement(partnerId: string, period: string) {
    const statement = await readStatement(db, partnerId, readScope(period));
    if (!statement) throw new AppError('unknown', `Partner ${partnerId} has no payout ${period}.`);
    return statement;
  }
}

const FUTURE = 'This day has not begun yet: what is not earned yet cannot be closed.';

function ledgerAt({ partner_id: id }: Partner): string {
  return ledgerOf(id);
}

/** The beginning of a day where the reader is. */
function uptoOf(res: Response, day: string): string {
  return isDay(day) ? beginOfDay(day, visitOf(res).timeZone) : '';
}

function tell(line: LedgerLine): ToldLine {
  return { ...line, why: explainLine(line) };
}

function titleOf(period: string, isPayout: boolean): string {
  if (isPayout) return 'Statement of a payout';
  return period === 'open' ? 'Statement of what is open' : `Statement of ${period}`;
}
