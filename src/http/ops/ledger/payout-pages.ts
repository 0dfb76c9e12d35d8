import type { Response, Router } from 'express';
import type { Knex } from 'knex';
import { asActor } from '../../../db/audit.ts';
import { explainPayoutRefusal, previewPayout, recordPayout } from '../../../db/ledger/payouts.ts';
import type { Partner } from '../../../db/partners.ts';
import { isCurrency } from '../../../domain/money.ts';
import { AppError } from '../../../errors.ts';
import { leadBack } from '../../console/console-pages.ts';
import { textIn } from '../../console/form.ts';
import { visitOf } from '../../console/session/visit.ts';
import { newPayoutSchema } from '../../fields/ledger-filters.ts';
import { readWith } from '../../fields/read-with.ts';
import { beginOfDay, dayOf, isDay } from '../../pages/console/days.ts';
import { writeMoney } from '../../pages/console/write-numbers.ts';
import { actorOf, needs } from '../../protocol/actor.ts';
import { firstOf, readQuery } from '../../protocol/query.ts';
import { ledgerOf } from '../addresses.ts';
import { findPartner } from '../partners/find-partner.ts';
import { sendPayoutForm, type PayoutForm } from './partner-ledger-page.ts';

/** Paying partners out. Their addresses must come before those of statements, which would hold them. */
export function addPayoutPages(routes: Router, { db }: { db: Knex }): void {
  routes.get('/partners/:id/ledger/pay', needs('admin'), async (req, res) => {
    const partner = await findPartner(db, req.params.id);
    const { currency, day } = readQuery(req.url);
    const today = dayOf(Date.now(), visitOf(res).timeZone);
    const form = { currency: firstOf(currency) ?? '', day: firstOf(day) ?? today, reference: '', comment: '' };
    await showPayoutForm(res, { partner, form });
  });
  routes.post('/partners/:id/ledger/pay', needs('admin'), async (req, res) => {
    const partner = await findPartner(db, req.params.id);
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
      leadBack(res, ledgerOf(partner.partner_id), `Paid out ${writeMoney(amount ?? 0, currency)} ${currency}.`);
    } catch (error) {
      if (!(error instanceof AppError) || !['conflict', 'invalid'].includes(error.kind)) throw error;
      const named = Object.fromEntries(error.problems.map(({ field, message }) => [field, message]));
      const errors = error.kind === 'conflict' ? { amount: error.message } : named;
      await showPayoutForm(res, { partner, form, errors, status: error.kind === 'conflict' ? 409 : 422 });
    }
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
    const shown = { partner, at: ledgerOf(partner.partner_id), form, preview, refusal, errors: { ...said, ...errors } };
    sendPayoutForm(res, { title: `Pay out ${partner.name}`, status }, shown);
  }
}

const FUTURE = 'This day has not begun yet: what is not earned yet cannot be closed.';

/** The beginning of a day where the reader is. */
function uptoOf(res: Response, day: string): string {
  return isDay(day) ? beginOfDay(day, visitOf(res).timeZone) : '';
}
