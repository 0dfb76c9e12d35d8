import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { endpointStates, type EndpointHealth } from '../../../db/endpoints/endpoints.ts';
import { postbackSchema } from '../../fields/postback-settings-schema.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';
import { describeCalls } from '../describe-partner-call.ts';
import { partnerWarningsSchema, settingsWarningsSchema } from './warnings-schema.ts';

const settingsExample: z.output<typeof postbackSchema> = {
  url: 'https://tracker.example/postback?cid={ref_id}&status={status}&payout={payout}&txid={conversion_id}',
  method: 'GET',
  body: null,
  statuses: ['pending', 'approved', 'rejected'],
  status_words: {},
  status_urls: {},
  handover: false,
};

const warningExample: z.output<typeof settingsWarningsSchema>[number] = {
  code: 'insecure_url',
  field: 'url',
  message: 'over http anybody on the way can read and change your postbacks: use https if your tracker has it',
};

const endpointSchema = z
  .object({
    state: z.enum(endpointStates).meta({ description: '`unknown` until it has taken anything.' }),
    consecutive_failures: z.int(),
    failing_since: momentSchema.nullable().meta({ description: 'When the first of these failed.' }),
    last_success_at: momentSchema.nullable(),
    last_failure_at: momentSchema.nullable(),
    recovered_at: momentSchema.nullable().meta({ description: 'When it last took a postback again after failures.' }),
    failure_rate: z.number().nullable().meta({ description: "The share of about the last hour's attempts, 0 to 1." }),
    canary: z
      .object({ at: momentSchema, http_status: z.int().nullable(), error: z.string().nullable() })
      .nullable()
      .meta({ description: 'The latest test postback that we sent because it was failing.' }),
  })
  .meta({
    description: 'How your endpoint answers; of several, by URLs for statuses, the worst.',
  }) satisfies z.ZodType<EndpointHealth>;

const partnerAnswer = defineAnswer(
  z.object({
    partner_id: z.string(),
    name: z.string(),
    referral_url: z.string().meta({ description: 'Add `?ref_id=` with your own id of the visit.' }),
    postback: postbackSchema.nullable().meta({ description: 'Null without settings.' }),
    endpoint: endpointSchema,
    warnings: partnerWarningsSchema,
  }),
  {
    partner_id: 'abcdefghigk',
    name: 'Ann Media',
    referral_url: 'https://cashcat.example/abcdefghigk/',
    postback: settingsExample,
    endpoint: {
      state: 'ok',
      consecutive_failures: 0,
      failing_since: null,
      last_success_at: '2026-01-31T09:15:00.000Z',
      last_failure_at: null,
      recovered_at: null,
      failure_rate: 0,
      canary: null,
    },
    warnings: [],
  },
);

export function describeSettingsCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/partner': describeCalls({
      get: { summary: 'Who you are, and how your postbacks are set up', answer: partnerAnswer, refusals: [] },
    }),
    '/v1/partner/postback': describeCalls({
      put: {
        summary: 'Save how and where you want to be told',
        body: postbackSchema,
        answer: defineAnswer(z.object({ postback: postbackSchema, warnings: settingsWarningsSchema }), {
          postback: settingsExample,
          warnings: [warningExample],
        }),
        refusals: ['invalid_settings'],
      },
      delete: { summary: 'Remove the settings: no postbacks are sent', answer: null, refusals: [] },
    }),
  };
}
