import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { postbackSchema } from '../../fields/postback-settings-schema.ts';
import { defineAnswer } from '../../protocol/describe-answer.ts';
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

const partnerAnswer = defineAnswer(
  z.object({
    partner_id: z.string(),
    name: z.string(),
    referral_url: z.string().meta({ description: 'Add `?ref_id=` with your own id of the visit.' }),
    postback: postbackSchema.nullable().meta({ description: 'Null without settings.' }),
    warnings: partnerWarningsSchema,
  }),
  {
    partner_id: 'abcdefghigk',
    name: 'Ann Media',
    referral_url: 'https://cashcat.example/abcdefghigk/',
    postback: settingsExample,
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
