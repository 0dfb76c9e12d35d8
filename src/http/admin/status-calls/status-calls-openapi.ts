import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { describeCalls } from '../describe-admin-call.ts';
import { statusCallPageSchema } from './status-call-schemas.ts';
import { acceptedCallAnswer, statusCallsAnswer } from './status-call-answers.ts';

/** The advertisers' calls as they were kept. */
export function describeStatusCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/status-calls': describeCalls({
      get: {
        summary: 'Kept status calls, such as those with result window_closed',
        query: statusCallPageSchema,
        answer: statusCallsAnswer,
        refusals: ['invalid'],
      },
    }),
    '/v1/admin/status-calls/{call_id}/accept': describeCalls({
      path: z.object({ call_id: z.int().min(1) }),
      post: {
        summary: 'Record a status that came after the window',
        answer: acceptedCallAnswer,
        refusals: ['unknown', 'conflict'],
      },
    }),
  };
}
