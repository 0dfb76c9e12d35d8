import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import {
  ledgerListSchema,
  newPayoutSchema,
  statementListSchema,
  statementSchema,
} from '../../fields/ledger-filters.ts';
import { describeCalls } from '../describe-admin-call.ts';
import {
  balanceAnswer,
  checkAnswer,
  ledgerAnswer,
  lineCsvExample,
  payoutAnswer,
  payoutCsvExample,
  payoutsAnswer,
  statementAnswer,
} from './ledger-answers.ts';
import { checkQuerySchema } from './ledger-routes.ts';

/** Ledgers of partners, payouts and statements. */
export function describeLedgerCalls(): ZodOpenApiPathsObject {
  const path = z.object({ partner_id: z.string() });
  const period = z.string().meta({ description: 'The `payout_id`; `open`; or a month of UTC, such as `2026-01`.' });
  return {
    '/v1/admin/ledger/check': describeCalls({
      get: {
        summary: 'Whether the lines of the ledger come to what was settled, for each partner and currency',
        description:
          'As of one moment, so a settlement under way makes no difference. 503 when there is too much to compare in the time of an answer: then ask for one partner. The relays check all of it every LEDGER_CHECK_INTERVAL_SECONDS.',
        query: checkQuerySchema,
        answer: checkAnswer,
        refusals: ['invalid'],
      },
    }),
    '/v1/admin/partners/{partner_id}/balance': describeCalls({
      path,
      get: { summary: 'What a partner has, for each currency', answer: balanceAnswer, refusals: ['unknown'] },
    }),
    '/v1/admin/partners/{partner_id}/payouts': describeCalls({
      path,
      post: {
        summary: 'Pay a partner out: close all that is open before a moment',
        description:
          'Needs the role `admin`. What is closed never changes: what becomes of its conversions afterwards is a correction, which lies in the open period. The same call again answers with the same payout. 409 `conflict`: nothing is open before that moment; or it comes to 0 or less, then it stays open and is set off against what is earned next; or the reference stands for another payout; or it does not come to `amount`.',
        body: newPayoutSchema,
        answer: payoutAnswer,
        status: 201,
        refusals: ['invalid', 'unknown', 'conflict'],
      },
    }),
    '/v1/admin/partners/{partner_id}/ledger': describeCalls({
      path,
      get: {
        summary: "A partner's lines, the latest first",
        query: ledgerListSchema,
        answer: ledgerAnswer,
        csv: lineCsvExample,
        refusals: ['invalid', 'unknown'],
      },
    }),
    '/v1/admin/partners/{partner_id}/statements': describeCalls({
      path,
      get: {
        summary: "A partner's payouts with their periods, the latest first",
        query: statementListSchema,
        answer: payoutsAnswer,
        csv: payoutCsvExample,
        refusals: ['invalid', 'unknown'],
      },
    }),
    '/v1/admin/partners/{partner_id}/statements/{period}': describeCalls({
      path: path.extend({ period }),
      get: {
        summary: 'What a payout closed, what is open, or what was booked in a month: sums and lines',
        query: statementSchema,
        answer: statementAnswer,
        csv: lineCsvExample,
        refusals: ['invalid', 'unknown'],
      },
    }),
  };
}
