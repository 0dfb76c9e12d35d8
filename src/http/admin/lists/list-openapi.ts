import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { describeCalls } from '../describe-admin-call.ts';
import { conversionsAnswer, leadsAnswer, postbacksAnswer } from './list-answers.ts';
import { conversionListSchema, leadListSchema, postbackListSchema } from '../../fields/fact-list-schemas.ts';

/** Finding leads, conversions and postbacks. */
export function describeListCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/leads': describeCalls({
      get: {
        summary: 'Find leads, the newest first',
        query: leadListSchema,
        answer: leadsAnswer,
        refusals: ['invalid'],
      },
    }),
    '/v1/admin/conversions': describeCalls({
      get: {
        summary: 'Find conversions, the newest first',
        query: conversionListSchema,
        answer: conversionsAnswer,
        refusals: ['invalid'],
      },
    }),
    '/v1/admin/postbacks': describeCalls({
      get: {
        summary: 'Find postbacks, the newest first',
        query: postbackListSchema,
        answer: postbacksAnswer,
        refusals: ['invalid'],
      },
    }),
  };
}
