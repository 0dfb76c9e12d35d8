import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { describeCalls } from '../describe-admin-call.ts';
import { storyPageSchema, waitSchema } from './story-schemas.ts';
import { conversionStoryAnswer, leadStoryAnswer } from './story-answers.ts';

/** What became of a lead, and of a conversion. */
export function describeStoryCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/leads/{lead_id}': describeCalls({
      path: z.object({ lead_id: z.string() }),
      get: {
        summary: 'The story of a lead, page by page',
        query: storyPageSchema,
        answer: leadStoryAnswer,
        refusals: ['invalid', 'unknown'],
      },
    }),
    '/v1/admin/conversions/{conversion_id}': describeCalls({
      path: z.object({ conversion_id: z.string() }),
      get: {
        summary: 'The whole story of a conversion',
        query: waitSchema,
        answer: conversionStoryAnswer,
        refusals: ['invalid', 'unknown'],
      },
    }),
  };
}
