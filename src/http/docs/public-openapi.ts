import { z } from 'zod';
import {
  createDocument,
  type oas31,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { statusFieldLengths } from '../../domain/status-call.ts';
import { statuses } from '../../domain/status.ts';
import { describeOwnImportCalls } from '../imports/describe-own-imports.ts';
import { defineAnswer, describeJson } from '../protocol/describe-answer.ts';
import { describeHealth } from '../protocol/describe-health.ts';
import { describeProblems } from '../protocol/problem-schema.ts';

const partnerId = z.string().meta({ description: 'Your id as a partner.', example: 'abcdefghigk' });
const offerId = z.string().meta({ description: 'The id of an offer.', example: 'green-energy-4f2k9x' });
const refId = z.string().max(32).optional().meta({
  description:
    'Your own id for this visit, at most 32 characters. Without it, or with a longer one, you get no postback.',
  example: '123456789abcd',
});

const statusCall = z.object({
  conversion_id: text('conversion_id').min(1).meta({
    description: 'The id we put into your URL when we sent the visitor.',
    example: 'k3v9x2m7q1w8z5t4r6y0',
  }),
  status: text('status')
    .min(1)
    .meta({
      description: `One of ${statuses.join(', ')}; in any case. Or words of your own, once you have told us what they mean.`,
      example: 'approved',
      override: { pattern: `^ *(?:${statuses.map(inAnyCase).join('|')}) *$` },
    }),
  reason: text('reason').optional().meta({ description: 'Why, in your own words. The partner may see it.' }),
  transaction_id: text('transaction_id').optional().meta({ description: 'Your own id; kept with the call.' }),
  token: z.string().optional().meta({ description: 'Your token, unless it is sent as Authorization: Bearer.' }),
});

const statusAnswer = defineAnswer(
  z
    .object({
      conversion_id: z.string().nullable().meta({ description: 'Null only where a call to be ignored names none.' }),
      status: z.enum(statuses).nullable().meta({ description: 'What your word means; null: nothing.' }),
      result: z.enum(['recorded', 'duplicate', 'stale', 'ignored']),
    })
    .meta({ id: 'StatusAnswer' }),
  { conversion_id: 'k3v9x2m7q1w8z5t4r6y0', status: 'approved', result: 'recorded' },
);

const statusResponses = {
  '200': describeJson(
    '`recorded`: the status is now this one. `duplicate`: it already was. `stale`: a decision was there before this pending, or a newer one after this signed call first came. `ignored`: you have asked us to ignore this word. All of them mean that you need not call again.',
    statusAnswer,
  ),
  ...describeProblems({
    malformed: 'a parameter is missing, too long or not a text, or the call cannot be read.',
    unauthorized: 'the call does not prove that it comes from this advertiser.',
    unknown: 'the conversion is not one of yours.',
    method_not_allowed: 'another method than GET and POST.',
    window_closed:
      'the window of the conversion, by default 14 days, is over. The status is kept; ask us to accept it.',
    too_large: 'the body is larger than 64 KB.',
    unknown_status: 'we do not know this word. The call is kept.',
    too_many: 'too many calls with a wrong token; wait as long as Retry-After says.',
    unexpected: 'our mistake; write to us and mention its `error_id`.',
    unavailable: 'it could not be stored. Call again after the seconds in Retry-After.',
  }),
};
const statusSecurity: oas31.SecurityRequirementObject[] = [{ advertiserToken: [] }, {}];
const advertiserPath = z.object({ advertiser_id: z.string().meta({ description: 'Your id as an advertiser.' }) });

/** The public contract as OpenAPI 3.1. @param partnerCalls the partner's own API, which its audience describes */
export function describePublicApi(publicUrl: string, partnerCalls: ZodOpenApiPathsObject): oas31.OpenAPIObject {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Cashcat',
      version: '1',
      description: 'How partners send visitors to Cashcat, and how advertisers report what became of them.',
    },
    servers: [{ url: publicUrl }],
    tags: [
      { name: 'For partners', description: 'Links that you spread.' },
      { name: 'Partner API', description: 'Settings, proof and repair, for your own programs.' },
      { name: 'For advertisers', description: 'Calls that your server makes.' },
      { name: 'Health', description: 'For whoever runs this service.' },
    ],
    components: {
      securitySchemes: {
        partnerKey: { type: 'http', scheme: 'bearer', description: 'Your API key as a partner.' },
        advertiserToken: { type: 'http', scheme: 'bearer', description: 'The token you got from Cashcat.' },
      },
    },
    paths: {
      ...describeLinks(),
      ...partnerCalls,
      ...describeStatusCall(),
      ...describeOwnImportCalls(),
      ...describeHealth(['Health']),
    },
  });
}

function describeLinks(): ZodOpenApiPathsObject {
  return {
    '/{partner_id}/': {
      get: {
        tags: ['For partners'],
        summary: 'Your referral link',
        description:
          'Counts as a touch and shows the offer wall. With an offer_id it leads straight to the advertiser. Requests by HEAD, by a browser that loads in advance, and by known bots are not counted.',
        requestParams: {
          path: z.object({ partner_id: partnerId }),
          query: z.object({ ref_id: refId, offer_id: offerId.optional() }),
        },
        responses: {
          '200': describePage('The offer wall.'),
          '302': { description: 'With an offer_id: to the advertiser.' },
          ...describeRefusedVisits('There is no such partner; or the offer has ended (the touch counts).'),
        },
      },
    },
    '/go/{offer_id}': {
      get: {
        tags: ['For partners'],
        summary: 'From the offer wall to an advertiser',
        description: 'The links of the offer wall. Not a touch: it never changes whom the visitor belongs to.',
        requestParams: {
          path: z.object({ offer_id: offerId }),
          query: z.object({
            lead: z.string().optional().meta({
              description:
                'Carries the visitor for a day; made by the wall. It counts only without the cookie of an earlier visit.',
            }),
          }),
        },
        responses: {
          '200': describePage('The offer wall, for a known bot; nothing is recorded.'),
          '302': { description: 'To the advertiser.' },
          ...describeRefusedVisits('The offer has ended.'),
        },
      },
    },
  };
}

const PROOFS =
  'Your calls prove that they come from you by your token, by a signature, by the address they come from, or by several of these, as you have agreed with us. A signature is that of [Standard Webhooks](https://www.standardwebhooks.com), by the secret you got from us: in the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, over `{id}.{timestamp}.{body}`, at most five minutes old. ';

function describeStatusCall(): ZodOpenApiPathsObject {
  return {
    '/advertisers/{advertiser_id}/postback': {
      get: {
        tags: ['For advertisers'],
        summary: 'Report a status by URL',
        description: `${PROOFS}A call without a body is signed over its query instead, exactly as it is sent and without the question mark.`,
        security: statusSecurity,
        requestParams: { path: advertiserPath, query: statusCall },
        responses: statusResponses,
      },
      post: {
        tags: ['For advertisers'],
        summary: 'Report a status by form or JSON',
        description: `${PROOFS}Of a signed call with a body the query is not read.`,
        security: statusSecurity,
        requestParams: { path: advertiserPath },
        requestBody: {
          required: true,
          content: {
            'application/json': { schema: statusCall },
            'application/x-www-form-urlencoded': { schema: statusCall },
          },
        },
        responses: statusResponses,
      },
    },
  };
}

/** What people see instead, on both kinds of links. */
function describeRefusedVisits(unknown: string): ZodOpenApiResponsesObject {
  return {
    '400': describePage('The link cannot be read: it was cut off or changed.'),
    '403': describePage('The browser loads the link in advance; nothing is counted before the person comes.'),
    '404': describePage(unknown),
    '405': describePage('Another method than GET and HEAD.'),
    '500': describePage('Our mistake; the page shows an id to mention when you write to us.'),
    '503': describePage('It could not be stored. The page makes the same visit again by itself, a few times.'),
  };
}

function describePage(description: string): ZodOpenApiResponseObject {
  return {
    description,
    content: { 'text/html': { schema: z.string(), example: '<!doctype html>\n<html lang="en">…' } },
  };
}

/** A field of a status call, as `domain/status-call.ts` reads it: an empty one counts as one that was not sent. */
function text(field: keyof typeof statusFieldLengths): z.ZodString {
  return z
    .string()
    .max(statusFieldLengths[field])
    .regex(/^[^\u0000]*$/);
}

function inAnyCase(word: string): string {
  return word.replace(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
}
