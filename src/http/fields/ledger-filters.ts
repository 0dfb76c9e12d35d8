import { z } from 'zod';
import type { StatementScope } from '../../db/ledger/statements.ts';
import { LINE_PLACE } from '../../db/reports/ledger-lines.ts';
import { lineKinds, lineStates } from '../../domain/ledger.ts';
import { cursorSchema } from '../protocol/cursor.ts';
import { idFilter, momentFilter } from './filters.ts';
import { listLimitSchema } from './lists.ts';
import { amountSchema, currencySchema } from './money-schemas.ts';
import { oneLine } from './text-schemas.ts';

const currencyFilter = currencySchema.optional();

/** Which lines of a partner are asked for. */
export const ledgerListSchema = z.strictObject({
  currency: currencyFilter,
  kind: z.enum(lineKinds).optional(),
  state: z.enum(lineStates).optional().meta({ description: '`open`: not paid out yet. Payouts are neither.' }),
  conversion_id: idFilter,
  from: momentFilter.meta({ description: 'Booked then or later.' }),
  to: momentFilter.meta({ description: 'Booked before.' }),
  limit: listLimitSchema,
  cursor: cursorSchema(LINE_PLACE).optional(),
});

/** Which lines of a statement. */
export const statementSchema = z.strictObject({
  limit: listLimitSchema,
  cursor: cursorSchema(LINE_PLACE).optional(),
});

export const statementListSchema = z.strictObject({
  currency: currencyFilter,
  limit: listLimitSchema,
  cursor: cursorSchema(/^[0-9a-z]{1,64}$/).optional(),
});

/** One line of text, such as a reference. */
function lineSchema(maxLength: number) {
  const line = oneLine(maxLength);
  const error = `must be 1 to ${maxLength} characters in one line, without control characters`;
  return z
    .string({ error })
    .trim()
    .min(1, { error })
    .max(maxLength, { error })
    .refine((text) => new RegExp(line.pattern).test(text) && text.isWellFormed(), { error });
}

export const newPayoutSchema = z.strictObject({
  currency: currencySchema,
  upto: momentFilter.unwrap().meta({ description: 'All that is open before this moment is paid; not in the future.' }),
  reference: lineSchema(120).meta({
    description:
      'Of the payment, such as that of a transfer; the partner sees it. The same call again answers the same.',
  }),
  comment: lineSchema(1000).nullish().meta({ description: 'For ops alone.' }),
  amount: amountSchema.optional().meta({ description: 'Refuse unless it comes to so many minor units.' }),
});

// What is later ends in a year that Postgres does not read.
const MONTH = /^(19[7-9]\d|2\d{3})-(0[1-9]|1[0-2])$/;

/** `open`, a month of UTC such as `2026-01`, or else the id of a payout. */
export function readScope(text: string): StatementScope {
  if (text === 'open') return { state: 'open' };
  const [, year, month] = MONTH.exec(text) ?? [];
  if (year === undefined || month === undefined) return { payoutId: text };
  const startOf = (index: number) => new Date(Date.UTC(Number(year), index)).toISOString();
  return { from: startOf(Number(month) - 1), to: startOf(Number(month)) };
}
