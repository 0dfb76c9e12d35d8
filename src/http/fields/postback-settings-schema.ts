import { z } from 'zod';
import { checkPostbackSettings, STATUS_WORD_MAX_LENGTH } from '../../domain/postbacks/postback-settings.ts';
import { macroNames } from '../../domain/postbacks/postback-url.ts';
import { statuses, type Status } from '../../domain/status.ts';
import { trackerIds } from '../../domain/trackers/tracker-preset.ts';
import { oneLine, templateUrl } from './text-schemas.ts';

const byStatus = (value: z.ZodString) =>
  z.strictObject(
    Object.fromEntries(statuses.map((status) => [status, value.optional()])) as Record<
      Status,
      z.ZodOptional<z.ZodString>
    >,
  );

// What a GET says, it says by the macros of its URL alone.
const get = templateUrl(macroNames, macroNames);
const post = templateUrl(macroNames);
const variants = [
  {
    title: 'By GET',
    properties: {
      method: { const: 'GET' },
      body: { type: 'null' },
      url: get,
      status_urls: { additionalProperties: get },
    },
  },
  {
    title: 'By POST',
    required: ['method'],
    properties: { method: { const: 'POST' }, url: post, status_urls: { additionalProperties: post } },
  },
];

/** How and where a partner wants to be told; judged by the domain, which knows more of it than JSON Schema can say. */
export const postbackSchema = z
  .strictObject({
    url: z.string().meta({
      description: 'With macros in path or query, such as {ref_id} and {status}.',
      example: 'https://tracker.example/postback?cid={ref_id}&status={status}',
    }),
    method: z.enum(['GET', 'POST']).default('GET'),
    body: z.enum(['form', 'json']).nullable().default(null).meta({ description: 'For POST; null is form.' }),
    statuses: z
      .array(z.enum(statuses))
      .default([...statuses])
      .meta({ description: 'Which statuses are sent.', override: { minItems: 1, uniqueItems: true } }),
    status_words: byStatus(z.string().meta({ override: oneLine(STATUS_WORD_MAX_LENGTH) }))
      .default({})
      .meta({ description: 'Own words for the statuses.' }),
    status_urls: byStatus(z.string()).default({}).meta({ description: 'Own URLs for single statuses.' }),
    handover: z.boolean().default(false).meta({
      description:
        'Send rejected with reason reattributed when a lead that it was told pending for was won by another partner.',
    }),
    tracker: z.enum(trackerIds).optional().meta({
      description: 'What receives the postbacks; the warnings then know its ways. It changes no request.',
    }),
    canary: z.boolean().optional().meta({
      description:
        'While your endpoint is failing, send it a test postback now and then, to notice when it has recovered. Its header is x-cashcat-test, its ids begin with test, its payout is 0.',
    }),
  })
  .superRefine((settings, context) => {
    for (const { field, message } of checkPostbackSettings(settings)) {
      context.addIssue({ code: 'custom', path: field.split('.'), message });
    }
  })
  .meta({ id: 'PostbackSettings', override: { anyOf: variants } });
