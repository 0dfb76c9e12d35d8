import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { describeCalls } from '../describe-partner-call.ts';
import { postbackAnswer, postbacksAnswer } from './postback-answers.ts';
import { postbackCsvExample } from './postback-csv.ts';
import { postbackListSchema, postbackPath } from './postback-schemas.ts';

/** The delivery log. */
export function describePostbackCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/partner/postbacks': describeCalls({
      get: {
        summary: 'Your postbacks, the newest first',
        query: postbackListSchema,
        answer: postbacksAnswer,
        csv: postbackCsvExample,
        refusals: ['invalid'],
      },
    }),
    '/v1/partner/postbacks/{postback_id}': describeCalls({
      path: postbackPath,
      get: {
        summary: 'One postback: what was sent, what came back, and why it stands as it does',
        answer: postbackAnswer,
        refusals: ['unknown'],
      },
    }),
  };
}
