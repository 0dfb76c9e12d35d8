import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { fraudFlagListSchema, fraudSummarySchema } from '../../fields/fraud-filters.ts';
import { definePage } from '../../fields/lists.ts';
import { defineAnswer } from '../../protocol/describe-answer.ts';
import { describeCalls } from '../describe-admin-call.ts';
import { flagExample, flagSchema, flagSummariesSchema, flagSummaryExample } from './fraud-answers.ts';

const CSV =
  '"flag_id","at","kind","partner_id","conversion_id","lead_id","reason"\r\n9,"2026-01-31T09:15:30.000Z","fast_status","abcdefghigk","k3v9x2m7q1w8z5t4r6y0","mk2p7s3q1x9c4v6b8n0m5k7j","approved came 2 seconds after the click; a person takes longer."\r\n';
const SUMMARY_CSV =
  '"partner_id","kind","flags","conversions","latest_at"\r\n"abcdefghigk","fast_status",12,12,"2026-01-31T09:15:30.000Z"\r\n';

/** What looks odd. */
export function describeFraudCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/fraud-flags': describeCalls({
      get: {
        summary: 'Conversions in which something looks odd, the latest first, each with its reason; flags stop nothing',
        query: fraudFlagListSchema,
        answer: definePage(flagSchema, flagExample),
        csv: CSV,
        refusals: ['invalid'],
      },
    }),
    '/v1/admin/fraud-flags/summary': describeCalls({
      get: {
        summary: 'How many flags each partner has, by kind, the most first; 1,000 rows at most',
        query: fraudSummarySchema,
        answer: defineAnswer(flagSummariesSchema, { items: [flagSummaryExample], leads_not_looked_at: 0 }),
        csv: SUMMARY_CSV,
        refusals: ['invalid'],
      },
    }),
  };
}
