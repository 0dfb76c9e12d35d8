import { z } from 'zod';
import { endpointStates, type PartnerEndpoint } from '../../../db/endpoints/endpoints.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';
import { pageSchema } from '../../fields/catalogue-schemas.ts';

const MOMENT = '2026-01-31T09:15:00.000Z';

// A partner's id and an origin.
const MAX_PLACE_LENGTH = 400;

export const endpointPageSchema = pageSchema.extend({
  after: z.string().max(MAX_PLACE_LENGTH).optional().meta({ description: 'The `next` of the page before.' }),
  state: z.enum(endpointStates).optional().meta({ description: 'Only these; `failing` are those to look at.' }),
});

const endpointSchema = z.object({
  partner_id: z.string(),
  name: z.string(),
  origin: z.string().meta({ description: 'Of its postback URLs; with URLs per status there may be several.' }),
  state: z.enum(endpointStates),
  consecutive_failures: z.int(),
  failing_since: momentSchema.nullable().meta({ description: 'When the first of these failed.' }),
  last_success_at: momentSchema.nullable(),
  last_failure_at: momentSchema.nullable(),
  recovered_at: momentSchema.nullable().meta({ description: 'When it last took a postback again after failures.' }),
  failure_rate: z.number().nullable().meta({ description: "The failed share of about the last hour's attempts." }),
  canary: z
    .object({ at: momentSchema, http_status: z.int().nullable(), error: z.string().nullable() })
    .nullable()
    .meta({ description: 'The latest test postback that was sent because it was failing.' }),
}) satisfies z.ZodType<PartnerEndpoint>;

export const endpointsAnswer = defineAnswer(
  z.object({
    endpoints: z.array(endpointSchema),
    next: z.string().nullable().meta({ description: 'Give it as `after` to get the next page; null: no more.' }),
  }),
  {
    endpoints: [
      {
        partner_id: 'abcdefghigk',
        name: 'Ann Media',
        origin: 'https://tracker.example',
        state: 'failing',
        consecutive_failures: 214,
        failing_since: MOMENT,
        last_success_at: MOMENT,
        last_failure_at: MOMENT,
        recovered_at: null,
        failure_rate: 0.982,
        canary: { at: MOMENT, http_status: 503, error: null },
      },
    ],
    next: null,
  },
);
