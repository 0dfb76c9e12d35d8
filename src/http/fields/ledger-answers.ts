// Balances, lines, payouts and statements as the answers of ops and of partners show them.
import { z } from 'zod';
import type { Balance } from '../../db/ledger/balances.ts';
import { lineKinds } from '../../domain/ledger.ts';
import type { CurrencySum } from '../../stories/ledger-words.ts';
import { defineAnswer, momentSchema } from '../protocol/describe-answer.ts';

const AT = '2026-01-31T09:15:00.000Z';
export const minorUnits = z.int().meta({ description: 'Minor units.' });

export const balanceSchema = z.object({
  currency: z.string(),
  open: minorUnits.meta({ description: 'Earned and not paid out, in minor units; below 0 when more was revoked.' }),
  open_lines: z.int(),
  open_from: momentSchema.nullable().meta({ description: 'All before it is paid out; null before the first payout.' }),
  paid: minorUnits,
  payouts: z.int(),
  total: minorUnits.meta({ description: 'Open and paid together.' }),
}) satisfies z.ZodType<Balance>;

export const balanceExample: Balance = {
  ...{ currency: 'USD', open: 3750, open_lines: 3, open_from: '2026-01-01T00:00:00.000Z' },
  ...{ paid: 125_000, payouts: 1, total: 128_750 },
};

export const lineShape = {
  at: momentSchema,
  kind: z.enum(lineKinds),
  amount: minorUnits.meta({ description: 'Minor units; below 0 when revoked or paid.' }),
  currency: z.string(),
  conversion_id: z.string().nullable().meta({ description: 'Null for a payout, as is all of the conversion.' }),
  offer_id: z.string().nullable(),
  offer_name: z.string().nullable(),
  payout_id: z.string().nullable().meta({ description: 'The payout it belongs to; null while it is open.' }),
  reference: z.string().nullable().meta({ description: 'Of the payment.' }),
  paid_at: momentSchema.nullable(),
  why: z.string(),
};

export const lineExample = {
  ...{ at: AT, kind: 'reward' as const, amount: 1250, currency: 'USD', conversion_id: 'k3v9x2m7q1w8z5t4r6y0' },
  ...{ offer_id: 'gold-card-7h3m2p', offer_name: 'Gold card', payout_id: null, reference: null, paid_at: null },
  why: 'The conversion was approved.',
};

export const payoutShape = {
  payout_id: z.string(),
  currency: z.string(),
  period_from: momentSchema.nullable().meta({ description: 'Null: it begins with the first line.' }),
  upto: momentSchema.meta({ description: 'It pays, and closes, what was open before this moment.' }),
  amount: minorUnits,
  lines: z.int(),
  reference: z.string().meta({ description: 'Of the payment.' }),
  created_at: momentSchema,
};

export const payoutExample = {
  ...{ payout_id: 'mk3v9x2m7q1w8z5t4r6y0abc', currency: 'USD', period_from: null, upto: '2026-01-01T00:00:00.000Z' },
  ...{ amount: 125_000, lines: 104, reference: 'SEPA 2026-01-31 / 4711', created_at: AT },
};

const sumSchema = z.object({
  currency: z.string(),
  lines: z.int(),
  amount: minorUnits,
  kinds: z.record(z.enum(lineKinds), z.int()),
}) satisfies z.ZodType<CurrencySum>;

type Told<Schema extends z.ZodType> = { schema: Schema; example: z.output<Schema> };

/** A statement, with payouts and lines as its audience may see them. */
export function defineStatement<Payout extends z.ZodType, Line extends z.ZodType>(
  payout: Told<Payout>,
  line: Told<Line>,
) {
  const schema = z.object({
    payout: payout.schema.nullable().meta({ description: 'Null for what is open and for a month.' }),
    from: momentSchema.nullable(),
    upto: momentSchema.nullable(),
    sums: z.array(sumSchema).meta({ description: 'Of all its lines, for each currency.' }),
    items: z.array(line.schema),
    next_cursor: z.string().nullable().meta({ description: 'Give it as `cursor` to get its further lines.' }),
  });
  return defineAnswer(schema, {
    ...{ payout: payout.example, from: null, upto: payoutExample.upto },
    sums: [
      {
        ...{ currency: 'USD', lines: 104, amount: 125_000 },
        kinds: { reward: 127_500, revocation: -2500, correction: 0, payout: 0 },
      },
    ],
    ...{ items: [line.example], next_cursor: null },
  });
}
