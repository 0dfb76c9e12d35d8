import { z } from 'zod';
import type { Balance } from '../../../db/ledger/balances.ts';
import type { Payout } from '../../../db/ledger/payouts.ts';
import type { Statement } from '../../../db/ledger/statements.ts';
import type { LedgerLine } from '../../../db/reports/ledger-lines.ts';
import { lineKinds } from '../../../domain/ledger.ts';
import { formatMajorUnits } from '../../../domain/money.ts';
import { explainLine, sumByCurrency, type CurrencySum } from '../../../stories/ledger-words.ts';
import { definePage } from '../../fields/lists.ts';
import type { CsvColumn } from '../../protocol/csv.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';

const AT = '2026-01-31T09:15:00.000Z';
const money = z.int().meta({ description: 'Minor units.' });

const balanceSchema = z.object({
  currency: z.string(),
  open: money.meta({ description: 'Earned and not paid out, in minor units; below 0 when more was taken back.' }),
  open_lines: z.int(),
  open_from: momentSchema.nullable().meta({ description: 'All before it is paid out; null before the first payout.' }),
  paid: money,
  payouts: z.int(),
  total: money.meta({ description: 'Open and paid together.' }),
}) satisfies z.ZodType<Balance>;

export const balanceAnswer = defineAnswer(z.object({ balances: z.array(balanceSchema) }), {
  balances: [
    {
      ...{ currency: 'USD', open: 3750, open_lines: 3, open_from: '2026-01-01T00:00:00.000Z' },
      ...{ paid: 125_000, payouts: 1, total: 128_750 },
    },
  ],
});

const lineSchema = z.object({
  at: momentSchema,
  kind: z.enum(lineKinds),
  amount: money.meta({ description: 'Minor units; below 0 when taken back or paid.' }),
  currency: z.string(),
  conversion_id: z.string().nullable().meta({ description: 'Null for a payout, as is the offer.' }),
  offer_id: z.string().nullable(),
  offer_name: z.string().nullable(),
  payout_id: z.string().nullable().meta({ description: 'The payout it belongs to; null while it is open.' }),
  reference: z.string().nullable().meta({ description: 'Of the payment.' }),
  paid_at: momentSchema.nullable(),
  why: z.string(),
});

export type EarningsLine = z.output<typeof lineSchema>;

/** Without numbers of events and lines, whose gaps would tell of others. */
export function viewOwnLine(line: LedgerLine): EarningsLine {
  const { at, kind, amount, currency, conversion_id, offer_id, offer_name, payout_id, reference, paid_at } = line;
  const paid = { payout_id, reference, paid_at };
  return { at, kind, amount, currency, conversion_id, offer_id, offer_name, ...paid, why: explainLine(line) };
}

const lineExample: EarningsLine = {
  ...{ at: AT, kind: 'reward', amount: 1250, currency: 'USD', conversion_id: 'k3v9x2m7q1w8z5t4r6y0' },
  ...{ offer_id: 'gold-card-7h3m2p', offer_name: 'Gold card', payout_id: null, reference: null, paid_at: null },
  why: 'The conversion was approved.',
};

export const earningsAnswer = definePage(lineSchema, lineExample);

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

const payoutSchema = z.object({
  payout_id: z.string(),
  currency: z.string(),
  period_from: momentSchema.nullable().meta({ description: 'Null: it begins with your first line.' }),
  upto: momentSchema.meta({ description: 'It pays what was open before this moment.' }),
  amount: money,
  lines: z.int(),
  reference: z.string().meta({ description: 'Of the payment.' }),
  created_at: momentSchema,
});

export type OwnPayout = z.output<typeof payoutSchema>;

export function viewOwnPayout(payout: Payout): OwnPayout {
  const { payout_id, currency, period_from, upto, amount, lines, reference, created_at } = payout;
  return { payout_id, currency, period_from, upto, amount, lines, reference, created_at };
}

const payoutExample: OwnPayout = {
  ...{ payout_id: 'mk3v9x2m7q1w8z5t4r6y0abc', currency: 'USD', period_from: null, upto: '2026-01-01T00:00:00.000Z' },
  ...{ amount: 125_000, lines: 104, reference: 'SEPA 2026-01-31 / 4711', created_at: AT },
};

export const payoutsAnswer = definePage(payoutSchema, payoutExample);

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

const sumSchema = z.object({
  currency: z.string(),
  lines: z.int(),
  amount: money,
  kinds: z.record(z.enum(lineKinds), z.int()),
}) satisfies z.ZodType<CurrencySum>;

const statementSchema = z.object({
  payout: payoutSchema.nullable().meta({ description: 'Null for what is open and for a month.' }),
  from: momentSchema.nullable(),
  upto: momentSchema.nullable(),
  sums: z.array(sumSchema).meta({ description: 'Of all its lines, for each currency.' }),
  items: z.array(lineSchema),
  next_cursor: z.string().nullable().meta({ description: 'Give it as `cursor` to get its further lines.' }),
});

export const statementAnswer = defineAnswer(statementSchema, {
  ...{ payout: payoutExample, from: null, upto: payoutExample.upto },
  sums: [
    {
      ...{ currency: 'USD', lines: 104, amount: 125_000 },
      kinds: { reward: 127_500, revocation: -2500, correction: 0, payout: 0 },
    },
  ],
  ...{ items: [lineExample], next_cursor: null },
});

export function viewOwnStatement({ payout, from, upto, sums }: Statement) {
  return { payout: payout && viewOwnPayout(payout), from, upto, sums: sumByCurrency(sums) };
}
