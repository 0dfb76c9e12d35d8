import { z } from 'zod';
import type { LedgerCheck } from '../../../db/ledger/ledger-check.ts';
import type { Payout } from '../../../db/ledger/payouts.ts';
import type { Statement } from '../../../db/ledger/statements.ts';
import type { LedgerLine } from '../../../db/reports/ledger-lines.ts';
import { formatMajorUnits } from '../../../domain/money.ts';
import { explainLine, sumByCurrency } from '../../../stories/ledger-words.ts';
import * as shared from '../../fields/ledger-answers.ts';
import { definePage } from '../../fields/lists.ts';
import type { CsvColumn } from '../../protocol/csv.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';

export const payoutSchema = z.object({
  ...shared.payoutShape,
  partner_id: z.string(),
  comment: z.string().nullable(),
}) satisfies z.ZodType<Payout>;

const payoutExample: Payout = { ...shared.payoutExample, partner_id: 'abcdefghigk', comment: null };

export const payoutAnswer = defineAnswer(payoutSchema, payoutExample);
export const payoutsAnswer = definePage(payoutSchema, payoutExample);

export const balanceAnswer = defineAnswer(
  z.object({ partner_id: z.string(), balances: z.array(shared.balanceSchema) }),
  { partner_id: 'abcdefghigk', balances: [shared.balanceExample] },
);

const lineSchema = z.object({
  ...shared.lineShape,
  line_id: z.int(),
  seq: z.int().nullable().meta({ description: 'Of the status that brought it.' }),
  price_version: z.int().nullable(),
});

export function viewLine(line: LedgerLine): z.output<typeof lineSchema> {
  return { ...line, why: explainLine(line) };
}

const lineExample = { ...shared.lineExample, line_id: 4711, seq: 3, price_version: 1 };

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

export const statementAnswer = shared.defineStatement(
  { schema: payoutSchema, example: payoutExample },
  { schema: lineSchema, example: lineExample },
);

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
        lines: shared.minorUnits.meta({ description: 'What its lines come to, payouts aside.' }),
        rewards: shared.minorUnits.meta({ description: 'What its settled conversions brought.' }),
        conversions: z.int().meta({ description: 'How many differ; they may make up for each other.' }),
      }),
    ),
    conversions: z
      .array(z.object({ conversion_id: z.string(), ...account, lines: shared.minorUnits, rewards: shared.minorUnits }))
      .meta({ description: 'The first 100 that differ.' }),
    payouts: z
      .array(z.object({ payout_id: z.string(), ...account, paid: shared.minorUnits, lines: shared.minorUnits }))
      .meta({ description: 'Payouts that are not the sum of the lines which they closed.' }),
  }),
}) satisfies z.ZodType<LedgerCheck>;

export const checkAnswer = defineAnswer(checkSchema, {
  ...{ checked_at: '2026-01-31T09:15:00.000Z', is_balanced: true, accounts: 2, conversions: 108, payouts: 1 },
  differences: { accounts: [], conversions: [], payouts: [] },
});
