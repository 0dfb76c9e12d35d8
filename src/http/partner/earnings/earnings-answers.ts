import { z } from 'zod';
import type { Payout } from '../../../db/ledger/payouts.ts';
import type { Statement } from '../../../db/ledger/statements.ts';
import type { LedgerLine } from '../../../db/reports/ledger-lines.ts';
import { formatMajorUnits } from '../../../domain/money.ts';
import { explainLine, sumByCurrency } from '../../../stories/ledger-words.ts';
import * as shared from '../../fields/ledger-answers.ts';
import { definePage } from '../../fields/lists.ts';
import type { CsvColumn } from '../../protocol/csv.ts';
import { defineAnswer } from '../../protocol/describe-answer.ts';

export const balanceAnswer = defineAnswer(z.object({ balances: z.array(shared.balanceSchema) }), {
  balances: [shared.balanceExample],
});

const lineSchema = z.object(shared.lineShape);

export type EarningsLine = z.output<typeof lineSchema>;

/** Without numbers of events and lines, whose gaps would tell of others. */
export function viewOwnLine(line: LedgerLine): EarningsLine {
  const { at, kind, amount, currency, conversion_id, offer_id, offer_name, payout_id, reference, paid_at } = line;
  const paid = { payout_id, reference, paid_at };
  return { at, kind, amount, currency, conversion_id, offer_id, offer_name, ...paid, why: explainLine(line) };
}

export const earningsAnswer = definePage(lineSchema, shared.lineExample);

export const earningsColumns: CsvColumn<EarningsLine>[] = [
  { header: 'at', value: (line) => line.at },
  { header: 'kind', value: (line) => line.kind },
  // As a number: a text that begins with a minus would look like a formula.
  { header: 'amount', value: (line) => Number(formatMajorUnits(line.amount, line.currency)) },
  { header: 'currency', value: (line) => line.currency },
  { header: 'conversion_id', value: (line) => line.conversion_id },
  { header: 'offer_id', value: (line) => line.offer_id },
  { header: 'offer_name', value: (line) => line.offer_name },
  { header: 'payout_id', value: (line) => line.payout_id },
  { header: 'reference', value: (line) => line.reference },
  { header: 'why', value: (line) => line.why },
];

export const earningsCsvExample =
  '"at","kind","amount","currency","conversion_id","offer_id","offer_name","payout_id","reference","why"\r\n"2026-01-31T09:15:00.000Z","reward",12.5,"USD","k3v9x2m7q1w8z5t4r6y0","gold-card-7h3m2p","Gold card",,,"The conversion was approved."\r\n';

const payoutSchema = z.object(shared.payoutShape);

export type OwnPayout = z.output<typeof payoutSchema>;

export function viewOwnPayout(payout: Payout): OwnPayout {
  const { payout_id, currency, period_from, upto, amount, lines, reference, created_at } = payout;
  return { payout_id, currency, period_from, upto, amount, lines, reference, created_at };
}

export const payoutsAnswer = definePage(payoutSchema, shared.payoutExample);

export const payoutColumns: CsvColumn<OwnPayout>[] = [
  { header: 'payout_id', value: (payout) => payout.payout_id },
  { header: 'period_from', value: (payout) => payout.period_from },
  { header: 'upto', value: (payout) => payout.upto },
  { header: 'amount', value: (payout) => formatMajorUnits(payout.amount, payout.currency) },
  { header: 'currency', value: (payout) => payout.currency },
  { header: 'lines', value: (payout) => payout.lines },
  { header: 'reference', value: (payout) => payout.reference },
  { header: 'created_at', value: (payout) => payout.created_at },
];

export const payoutCsvExample =
  '"payout_id","period_from","upto","amount","currency","lines","reference","created_at"\r\n"mk3v9x2m7q1w8z5t4r6y0abc",,"2026-01-01T00:00:00.000Z","1250.00","USD",104,"SEPA 2026-01-31 / 4711","2026-01-31T09:15:00.000Z"\r\n';

export const statementAnswer = shared.defineStatement(
  { schema: payoutSchema, example: shared.payoutExample },
  { schema: lineSchema, example: shared.lineExample },
);

export function viewOwnStatement({ payout, from, upto, sums }: Statement) {
  return { payout: payout && viewOwnPayout(payout), from, upto, sums: sumByCurrency(sums) };
}
