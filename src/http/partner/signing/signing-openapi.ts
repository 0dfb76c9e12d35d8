import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import type { SigningSecret } from '../../../db/keys/secret-rotation.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';
import { describeCalls } from '../describe-partner-call.ts';

const WEEK_SECONDS = 7 * 24 * 60 * 60;

export const secretRotationSchema = z.strictObject({
  keep_old_for_seconds: z
    .int({ error: 'must be a whole number of seconds' })
    .min(0)
    .max(WEEK_SECONDS)
    .default(0)
    .meta({ description: 'How long the secret before it goes on signing beside it; a week at most.' }),
});

const secretSchema = z.object({
  prefix: z.string(),
  created_at: momentSchema,
  expires_at: momentSchema.nullable().meta({ description: 'Null: until it is replaced or removed.' }),
}) satisfies z.ZodType<SigningSecret>;

/** The secret by which postbacks are signed. */
export function describeSigningCalls(): ZodOpenApiPathsObject {
  const items: z.ZodType = z.object({ items: z.array(secretSchema) });
  return {
    '/v1/partner/signing-secret': describeCalls({
      get: {
        summary: 'Which secrets sign your postbacks, the newest first',
        answer: defineAnswer(items, {
          items: [{ prefix: 'whsec_MfKQ', created_at: '2026-01-31T09:15:00.000Z', expires_at: null }],
        }),
        refusals: [],
      },
      post: {
        summary: 'Have your postbacks signed, or replace the secret; it is shown once',
        body: secretRotationSchema,
        bodyMayBeMissing: true,
        answer: defineAnswer(z.object({ secret: z.string() }), {
          secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw9Kd3fM1Wn0Y=',
        }),
        refusals: ['invalid'],
      },
      delete: { summary: 'Have your postbacks no longer signed', answer: null, refusals: [] },
    }),
  };
}
