import { z } from 'zod';
import type { Balance } from '../../../db/ledger/balances.ts';
import type { LedgerCheck } from '../../../db/ledger/ledger-check.ts';
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

export const payoutSchema = z.object({
  payout_id: z.string(),
  partner_id: z.string(),
  currency: z.string(),
  period_from: momentSchema.nullable().meta({ description: 'Null: it begins with the first line.' }),
  upto: momentSchema.meta({ description: 'It closes what was open before this moment.' }),
  amount: money,
  lines: z.int(),
  reference: z.string(),
  comment: z.string().nullable(),
  created_at: momentSchema,
}) satisfies z.ZodType<Payout>;

const payoutExample: Payout = {
  payout_id: 'mk3v9x2m7q1w8z5t4r6y0abc',
  partner_id: 'abcdefghigk',
  currency: 'USD',
  period_from: null,
  upto: '2026-01-01T00:00:00.000Z',
  amount: 125_000,
  lines: 104,
  reference: 'SEPA 2026-01-31 / 4711',
  comment: null,
  created_at: AT,
};

export const payoutAnswer = defineAnswer(payoutSchema, payoutExample);
export const payoutsAnswer = definePage(payoutSchema, payoutExample);

const balanceSchema = z.object({
  currency: z.string(),
  open: money.meta({ description: 'Earned and not paid out, in minor units; below 0 when more was revoked.' }),
  open_lines: z.int(),
  open_from: momentSchema.nullable().meta({ description: 'All before it is paid out; null before the first payout.' }),
  paid: money,
  payouts: z.int(),
  total: money.meta({ description: 'Open and paid together.' }),
}) satisfies z.ZodType<Balance>;

export const balanceAnswer = defineAnswer(z.object({ partner_id: z.string(), balances: z.array(balanceSchema) }), {
  partner_id: 'abcdefghigk',
  balances: [
    {
      ...{ currency: 'USD', open: 3750, open_lines: 3, open_from: '2026-01-01T00:00:00.000Z' },
      ...{ paid: 125_000, payouts: 1, total: 128_750 },
    },
  ],
});

const lineSchema = z.object({
  line_id: z.int(),
  at: momentSchema,
  kind: z.enum(lineKinds),
  amount: money.meta({ description: 'Minor units; below 0 when revoked or paid.' }),
  currency: z.string(),
  conversion_id: z.string().nullable().meta({ description: 'Null for a payout, as are seq, offer and version.' }),
  seq: z.int().nullable().meta({ description: 'Of the status that brought it.' }),
  offer_id: z.string().nullable(),
  offer_name: z.string().nullable(),
  price_version: z.int().nullable(),
  payout_id: z.string().nullable().meta({ description: 'The payout it belongs to; null while it is open.' }),
  reference: z.string().nullable(),
  paid_at: momentSchema.nullable(),
  why: z.string(),
});

export function viewLine(line: LedgerLine): z.output<typeof lineSchema> {
  return { ...line, why: explainLine(line) };
}

const lineExample = viewLine({
  line_id: 4711,
  at: AT,
  kind: 'reward',
  amount: 1250,
  currency: 'USD',
  conversion_id: 'k3v9x2m7q1w8z5t4r6y0',
  seq: 3,
  offer_id: 'gold-card-7h3m2p',
  offer_name: 'Gold card',
  price_version: 1,
  payout_id: null,
  reference: null,
  paid_at: null,
});

export const ledgerAnswer = definePage(lineSchema, lineExample);

export const lineCsvExample =
  '"line_id","at","kind","amount","currency","conversion_id","seq","offer_id","offer_name","price_version","payout_id","reference","why"\r\n4711,"2026-01-31T09:15:00.000Z","reward",12.5,"USD","k3v9x2m7q1w8z5t4r6y0",3,"gold-card-7h3m2p","Gold card",1,,,"The conversion was approved."\r\n';

export const payoutColumns: CsvColumn<Payout>[] = [
  { header: 'payout_id', value: (payout) => payout.payout_id },
  { header: 'period_from', value: (payout) => payout.period_from },
  { header: 'upto', value: (payout) => payout.upto },
  { header: 'amount', value: (payout) => formatMajorUnits(payout.amount, payout.currency) },
  { header: 'currency', value: (payout) => payout.currency },
  { header: 'lines', value: (payout) => payout.lines },
  { header: 'reference', value: (payout) => payout.reference },
  { header: 'comment', value: (payout) => payout.comment },
  { header: 'created_at', value: (payout) => payout.created_at },
];

export const payoutCsvExample =
  '"payout_id","period_from","upto","amount","currency","lines","reference","comment","created_at"\r\n"mk3v9x2m7q1w8z5t4r6y0abc",,"2026-01-01T00:00:00.000Z","1250.00","USD",104,"SEPA 2026-01-31 / 4711",,"2026-01-31T09:15:00.000Z"\r\n';

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

export function viewStatement({ payout, from, upto, sums }: Statement) {
  return { payout, from, upto, sums: sumByCurrency(sums) };
}

const account = { partner_id: z.string(), currency: z.string() };

const checkSchema = z.object({
  checked_at: momentSchema.meta({ description: 'All is compared as of this moment.' }),
  is_balanced: z.boolean(),
  accounts: z.int().meta({ description: 'Pairs of a partner and a currency that were compared.' }),
  conversions: z.int(),
  payouts: z.int(),
  differences: z.object({
    accounts: z.array(
      z.object({
        ...account,
        lines: money.meta({ description: 'What its lines come to, payouts aside.' }),
        rewards: money.meta({ description: 'What its settled conversions brought.' }),
        conversions: z.int().meta({ description: 'How many differ; they may make up for each other.' }),
      }),
    ),
    conversions: z
      .array(z.object({ conversion_id: z.string(), ...account, lines: money, rewards: money }))
      .meta({ description: 'The first 100 that differ.' }),
    payouts: z
      .array(z.object({ payout_id: z.string(), ...account, paid: money, lines: money }))
      .meta({ description: 'Payouts that are not the sum of the lines which they closed.' }),
  }),
}) satisfies z.ZodType<LedgerCheck>;

export const checkAnswer = defineAnswer(checkSchema, {
  ...{ checked_at: AT, is_balanced: true, accounts: 2, conversions: 108, payouts: 1 },
  differences: { accounts: [], conversions: [], payouts: [] },
});
