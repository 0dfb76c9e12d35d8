import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { describeCalls } from '../describe-admin-call.ts';
import { endpointPageSchema, endpointsAnswer } from './endpoint-schemas.ts';

/** How the partners' endpoints answer. */
export function describeEndpointCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/endpoints': describeCalls({
      get: {
        summary: "How the partners' endpoints answer, and which of them are failing",
        query: endpointPageSchema,
        answer: endpointsAnswer,
        refusals: ['invalid'],
      },
    }),
  };
}
