import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { statuses } from '../../../domain/status.ts';
import type { Preview, TestResult } from '../../../outbound/test-call.ts';
import { refIdFilter } from '../../fields/filters.ts';
import { postbackSchema } from '../../fields/postback-settings-schema.ts';
import { defineAnswer } from '../../protocol/describe-answer.ts';
import { describeCalls } from '../describe-partner-call.ts';
import { settingsWarningsSchema } from '../settings/warnings-schema.ts';

const tried = {
  status: z.enum(statuses),
  ref_id: refIdFilter.meta({ description: 'A click id that your tracker knows; a made-up one when left out.' }),
};

/** The draft is judged after the rest, so that its fields are named as when it is saved. */
export const triedSchema = z.strictObject({ ...tried, postback: z.unknown().optional() });

const triedBody = z.strictObject({
  ...tried,
  postback: postbackSchema.optional().meta({ description: 'A draft; the saved settings when left out.' }),
});

const request = z.object({
  method: z.enum(['GET', 'POST']),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string().nullable(),
});

const error = z
  .string()
  .nullable()
  .meta({ description: 'Why it cannot be sent, or why no whole answer came, such as `timeout`.' });

const previewSchema = z.object({ request, error, warnings: settingsWarningsSchema }) satisfies z.ZodType<Preview>;

const resultSchema = z.object({
  request,
  response: z
    .object({
      http_status: z.int(),
      location: z.string().nullable(),
      body: z.string().nullable().meta({ description: 'The first 4 KiB, as text.' }),
      duration_ms: z.int(),
    })
    .nullable()
    .meta({ description: 'Null when no answer came.' }),
  error,
  verdict: z.enum(['delivered', 'refused']).meta({ description: '`delivered`: the answer was 200, and nothing else.' }),
  explanation: z.string().meta({ description: 'What it means, and what to do about it.' }),
  warnings: settingsWarningsSchema,
}) satisfies z.ZodType<TestResult>;

const requestExample: z.output<typeof request> = {
  method: 'GET',
  url: 'https://tracker.example/postback?cid=test-click&status=approved&payout=12.50&txid=test-p4t8w1x6z3c7v9b2',
  headers: { 'user-agent': 'Cashcat-Postbacks/1', accept: '*/*', 'x-cashcat-test': '1' },
  body: null,
};

/** Trying settings. */
export function describeTestCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/partner/postback/preview': describeCalls({
      post: {
        summary: 'What would be sent: the exact bytes',
        body: triedBody,
        answer: defineAnswer(previewSchema, { request: requestExample, error: null, warnings: [] }),
        refusals: ['invalid', 'invalid_settings', 'conflict'],
      },
    }),
    '/v1/partner/postback/test': describeCalls({
      post: {
        summary: 'Send a test now, and see what comes back',
        description:
          'By the very client that sends postbacks, with ids that begin with `test` and a header `x-cashcat-test: 1`. At most a few a minute.',
        body: triedBody,
        answer: defineAnswer(resultSchema, {
          request: requestExample,
          response: { http_status: 200, location: null, body: 'OK', duration_ms: 84 },
          error: null,
          verdict: 'delivered',
          explanation: 'Delivered: your endpoint answered 200.',
          warnings: [],
        }),
        refusals: ['invalid', 'invalid_settings', 'conflict'],
      },
    }),
  };
}
