import { z } from 'zod';
import { createDocument, type oas31, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import {
  advertiserPatchSchema,
  newAdvertiserSchema,
  newOfferSchema,
  newPartnerSchema,
  offerPageSchema,
  offerPatchSchema,
  pageSchema,
  partnerPatchSchema,
  statusCallPageSchema,
  storyPageSchema,
  waitSchema,
} from './schemas.ts';
import { problemKinds, type ProblemKind } from '../protocol/problem.ts';
import { problemSchema } from '../protocol/problem-schema.ts';

type Call = {
  summary: string;
  path?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodObject;
  created?: boolean;
  refusals: ProblemKind[];
};

const partner = z.object({ partner_id: z.string() });
const advertiser = z.object({ advertiser_id: z.string() });
const offer = z.object({ offer_id: z.string() });

/** The admin API as OpenAPI 3.1. */
export function describeAdminApi(): oas31.OpenAPIObject {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Cashcat operations',
      version: '1',
      description: 'Partners, advertisers, offers, and the story of every lead.',
    },
    security: [{ adminKey: [] }],
    components: { securitySchemes: { adminKey: { type: 'http', scheme: 'bearer', description: 'The admin key.' } } },
    paths: {
      ...describePartnerCalls(),
      ...describeAdvertiserCalls(),
      ...describeOfferCalls(),
      ...describeStoryCalls(),
      ...describeStatusCalls(),
    },
  });
}

function describePartnerCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/partners': {
      post: describeCall({
        summary: 'Make a partner; its api_key is shown once',
        body: newPartnerSchema,
        created: true,
        refusals: ['invalid', 'taken'],
      }),
      get: describeCall({ summary: 'List partners', query: pageSchema, refusals: ['invalid'] }),
    },
    '/v1/admin/partners/{partner_id}': {
      get: describeCall({
        summary: 'One partner, with warnings about unusable ref_ids',
        path: partner,
        refusals: ['unknown'],
      }),
      patch: describeCall({
        summary: 'Change a partner',
        path: partner,
        body: partnerPatchSchema,
        refusals: ['invalid', 'unknown'],
      }),
    },
    '/v1/admin/partners/{partner_id}/key': {
      post: describeCall({
        summary: "Replace a partner's key; the old one ends at once",
        path: partner,
        created: true,
        refusals: ['unknown'],
      }),
    },
  };
}

function describeAdvertiserCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/advertisers': {
      post: describeCall({
        summary: 'Make an advertiser; its token is shown once',
        body: newAdvertiserSchema,
        created: true,
        refusals: ['invalid', 'taken'],
      }),
      get: describeCall({ summary: 'List advertisers', query: pageSchema, refusals: ['invalid'] }),
    },
    '/v1/admin/advertisers/{advertiser_id}': {
      get: describeCall({ summary: 'One advertiser', path: advertiser, refusals: ['unknown'] }),
      patch: describeCall({
        summary: 'Change an advertiser',
        path: advertiser,
        body: advertiserPatchSchema,
        refusals: ['invalid', 'unknown'],
      }),
    },
    '/v1/admin/advertisers/{advertiser_id}/token': {
      post: describeCall({
        summary: "Replace an advertiser's token; the old one ends at once",
        path: advertiser,
        created: true,
        refusals: ['unknown'],
      }),
    },
  };
}

function describeOfferCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/offers': {
      post: describeCall({
        summary: 'Make an offer',
        body: newOfferSchema,
        created: true,
        refusals: ['invalid', 'taken'],
      }),
      get: describeCall({ summary: 'List offers', query: offerPageSchema, refusals: ['invalid'] }),
    },
    '/v1/admin/offers/{offer_id}': {
      get: describeCall({ summary: 'One offer', path: offer, refusals: ['unknown'] }),
      patch: describeCall({
        summary: 'Change an offer',
        path: offer,
        body: offerPatchSchema,
        refusals: ['invalid', 'unknown'],
      }),
    },
  };
}

function describeStoryCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/leads/{lead_id}': {
      get: describeCall({
        summary: 'The story of a lead, page by page',
        path: z.object({ lead_id: z.string() }),
        query: storyPageSchema,
        refusals: ['invalid', 'unknown'],
      }),
    },
    '/v1/admin/conversions/{conversion_id}': {
      get: describeCall({
        summary: 'The whole story of a conversion',
        path: z.object({ conversion_id: z.string() }),
        query: waitSchema,
        refusals: ['invalid', 'unknown'],
      }),
    },
  };
}

function describeStatusCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/status-calls': {
      get: describeCall({
        summary: 'Kept status calls, such as those with result window_closed',
        query: statusCallPageSchema,
        refusals: ['invalid'],
      }),
    },
    '/v1/admin/status-calls/{call_id}/accept': {
      post: describeCall({
        summary: 'Record a status that came after the window',
        path: z.object({ call_id: z.int() }),
        refusals: ['unknown', 'conflict'],
      }),
    },
  };
}

function describeCall({ summary, path, query, body, created, refusals }: Call): ZodOpenApiOperationObject {
  const problem = { 'application/problem+json': { schema: problemSchema } };
  const responses = [...refusals, 'unauthorized' as const, 'too_many' as const, 'unavailable' as const].map((kind) => {
    const { status, title } = problemKinds[kind];
    return [String(status), { description: title, content: problem }] as const;
  });
  return {
    summary,
    requestParams: { ...(path && { path }), ...(query && { query }) },
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { [created ? '201' : '200']: { description: 'Done.' }, ...Object.fromEntries(responses) },
  };
}
