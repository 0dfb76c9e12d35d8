import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { defineAnswer, describeJson } from './describe-answer.ts';

/** `/healthz` and `/readyz`, which every listener answers to anybody. */
export function describeHealth(tags: string[] = []): ZodOpenApiPathsObject {
  const answer = (status: string) => defineAnswer(z.object({ status: z.literal(status) }), { status });
  return {
    '/healthz': {
      get: {
        tags,
        summary: 'Is the process alive?',
        security: [],
        responses: { '200': describeJson('It is.', answer('ok')) },
      },
    },
    '/readyz': {
      get: {
        tags,
        summary: 'Can it store what it is sent?',
        security: [],
        responses: {
          '200': describeJson('It can.', answer('ready')),
          '503': describeJson('It cannot; ask again after the seconds in Retry-After.', answer('not ready')),
        },
      },
    },
  };
}
