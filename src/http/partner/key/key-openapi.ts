import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { defineAnswer } from '../../protocol/describe-answer.ts';
import { describeCalls } from '../describe-partner-call.ts';

const WEEK_SECONDS = 7 * 24 * 60 * 60;

export const keyRotationSchema = z.strictObject({
  keep_old_for_seconds: z
    .int({ error: 'must be a whole number of seconds' })
    .min(0)
    .max(WEEK_SECONDS)
    .default(0)
    .meta({ description: 'How long the key that you call with goes on; a week at most.' }),
});

export function describeKeyCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/partner/key': describeCalls({
      post: {
        summary: 'Replace your API key; the new one is shown once',
        body: keyRotationSchema,
        bodyMayBeMissing: true,
        answer: defineAnswer(z.object({ api_key: z.string() }), { api_key: 'ck_3v9x2m7q1w8z5t4r6y0b1n2c' }),
        refusals: ['invalid'],
      },
    }),
  };
}
