import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { ledgerListSchema, statementListSchema, statementSchema } from '../../fields/ledger-filters.ts';
import { describeCalls } from '../describe-partner-call.ts';
import {
  balanceAnswer,
  earningsAnswer,
  earningsCsvExample,
  payoutCsvExample,
  payoutsAnswer,
  statementAnswer,
} from './earnings-answers.ts';

/** What a partner has earned, and what was paid out to it. */
export function describeEarningsCalls(): ZodOpenApiPathsObject {
  const id = z.string().meta({ description: 'Of a payout; or `open`; or a month of UTC, such as `2026-01`.' });
  return {
    '/v1/partner/balance': describeCalls({
      get: {
        summary: 'What you have earned and what was paid out, for each currency',
        answer: balanceAnswer,
        refusals: [],
      },
    }),
    '/v1/partner/ledger': describeCalls({
      get: {
        summary: 'All lines of your earnings, the latest first: rewards, what was taken back, payouts',
        query: ledgerListSchema,
        answer: earningsAnswer,
        csv: earningsCsvExample,
        refusals: ['invalid'],
      },
    }),
    '/v1/partner/statements': describeCalls({
      get: {
        summary: 'Your payouts with their periods, the latest first',
        query: statementListSchema,
        answer: payoutsAnswer,
        csv: payoutCsvExample,
        refusals: ['invalid'],
      },
    }),
    '/v1/partner/statements/{payout_id}': describeCalls({
      path: z.object({ payout_id: id }),
      get: {
        summary: 'What a payout paid, what is open, or what was booked in a month: sums and lines',
        query: statementSchema,
        answer: statementAnswer,
        csv: earningsCsvExample,
        refusals: ['invalid', 'unknown'],
      },
    }),
  };
}
