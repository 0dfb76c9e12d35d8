import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import type { SigningSecret } from '../../../db/keys/secret-rotation.ts';
import type { RefusedCallsRow } from '../../../db/refused-calls.ts';
import { refusalReasons } from '../../../domain/origin-proofs.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';
import { rotationSchema } from '../../fields/catalogue-schemas.ts';
import { describeCalls } from '../describe-admin-call.ts';
import { refusedCallsQuerySchema } from './access-schemas.ts';

const MOMENT = '2026-01-31T09:15:00.000Z';

const secretSchema = z.object({
  prefix: z.string(),
  created_at: momentSchema,
  expires_at: momentSchema.nullable().meta({ description: 'Null: until it is replaced or removed.' }),
}) satisfies z.ZodType<SigningSecret>;

export const refusedSchema = z.object({
  hour: momentSchema,
  reason: z.enum(refusalReasons).meta({
    description: 'Which proof was missing or wrong; too_many: refused unread, after too many with a wrong token.',
  }),
  calls: z.int(),
  last_at: momentSchema,
  sample: z.string().meta({ description: 'What the last of them looked like, as JSON, cut, without its token.' }),
}) satisfies z.ZodType<RefusedCallsRow>;

export const refusedExample: z.output<typeof refusedSchema> = {
  hour: '2026-01-31T09:00:00.000Z',
  reason: 'token',
  calls: 12,
  last_at: MOMENT,
  sample: '{"method":"GET","query":{"conversion_id":"k3v9x2m7q1w8z5t4r6y0","status":"approved"},"body":null}',
};

/** How an advertiser's calls prove where they come from, and those that did not. */
export function describeAccessCalls(): ZodOpenApiPathsObject {
  const path = z.object({ advertiser_id: z.string() });
  return {
    '/v1/admin/advertisers/{advertiser_id}/signing-secret': describeCalls({
      path,
      get: {
        summary: "An advertiser's live signing secrets, the newest first",
        answer: defineAnswer(z.object({ items: z.array(secretSchema) }), {
          items: [{ prefix: 'whsec_MfKQ', created_at: MOMENT, expires_at: null }],
        }),
        refusals: ['unknown'],
      },
      post: {
        summary: 'Make or replace the secret by which an advertiser signs its calls; it is shown once',
        body: rotationSchema,
        bodyMayBeMissing: true,
        answer: defineAnswer(z.object({ advertiser_id: z.string(), secret: z.string() }), {
          advertiser_id: 'first-bank-4f2k9x',
          secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw9Kd3fM1Wn0Y=',
        }),
        status: 201,
        refusals: ['invalid', 'unknown'],
      },
      delete: {
        summary: "Remove an advertiser's signing secrets",
        answer: null,
        refusals: ['unknown', 'conflict'],
      },
    }),
    '/v1/admin/advertisers/{advertiser_id}/refused-calls': describeCalls({
      path,
      get: {
        summary: 'How many calls showed no proof of coming from this advertiser, hour by hour, the latest first',
        query: refusedCallsQuerySchema,
        answer: defineAnswer(z.object({ items: z.array(refusedSchema) }), {
          items: [refusedExample],
        }),
        refusals: ['invalid', 'unknown'],
      },
    }),
  };
}
