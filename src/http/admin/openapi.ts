import { z } from 'zod';
import { createDocument, type oas31, type ZodOpenApiOperationObject } from 'zod-openapi';
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
const security = [{ adminKey: [] }];

/** The admin API as OpenAPI 3.1. */
export function describeAdminApi(): oas31.OpenAPIObject {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Cashcat operations',
      version: '1',
      description: 'Partners, advertisers, offers, and the story of every lead.',
    },
    security,
    components: { securitySchemes: { adminKey: { type: 'http', scheme: 'bearer', description: 'The admin key.' } } },
    paths: {
      '/v1/admin/partners': {
        post: describe({
          summary: 'Make a partner; his api_key is shown once',
          body: newPartnerSchema,
          created: true,
          refusals: ['invalid', 'taken'],
        }),
        get: describe({ summary: 'List partners', query: pageSchema, refusals: ['invalid'] }),
      },
      '/v1/admin/partners/{partner_id}': {
        get: describe({
          summary: 'One partner, with warnings about unusable ref_ids',
          path: partner,
          refusals: ['unknown'],
        }),
        patch: describe({
          summary: 'Change a partner',
          path: partner,
          body: partnerPatchSchema,
          refusals: ['invalid', 'unknown'],
        }),
      },
      '/v1/admin/partners/{partner_id}/key': {
        post: describe({
          summary: "Replace a partner's key; the old one ends at once",
          path: partner,
          created: true,
          refusals: ['unknown'],
        }),
      },
      '/v1/admin/advertisers': {
        post: describe({
          summary: 'Make an advertiser; his token is shown once',
          body: newAdvertiserSchema,
          created: true,
          refusals: ['invalid', 'taken'],
        }),
        get: describe({ summary: 'List advertisers', query: pageSchema, refusals: ['invalid'] }),
      },
      '/v1/admin/advertisers/{advertiser_id}': {
        get: describe({ summary: 'One advertiser', path: advertiser, refusals: ['unknown'] }),
        patch: describe({
          summary: 'Change an advertiser',
          path: advertiser,
          body: advertiserPatchSchema,
          refusals: ['invalid', 'unknown'],
        }),
      },
      '/v1/admin/advertisers/{advertiser_id}/token': {
        post: describe({
          summary: "Replace an advertiser's token; the old one ends at once",
          path: advertiser,
          created: true,
          refusals: ['unknown'],
        }),
      },
      '/v1/admin/offers': {
        post: describe({
          summary: 'Make an offer',
          body: newOfferSchema,
          created: true,
          refusals: ['invalid', 'taken'],
        }),
        get: describe({ summary: 'List offers', query: offerPageSchema, refusals: ['invalid'] }),
      },
      '/v1/admin/offers/{offer_id}': {
        get: describe({ summary: 'One offer', path: offer, refusals: ['unknown'] }),
        patch: describe({
          summary: 'Change an offer',
          path: offer,
          body: offerPatchSchema,
          refusals: ['invalid', 'unknown'],
        }),
      },
      '/v1/admin/leads/{lead_id}': {
        get: describe({
          summary: 'The whole story of a lead',
          path: z.object({ lead_id: z.string() }),
          refusals: ['unknown'],
        }),
      },
      '/v1/admin/conversions/{conversion_id}': {
        get: describe({
          summary: 'The whole story of a conversion',
          path: z.object({ conversion_id: z.string() }),
          refusals: ['unknown'],
        }),
      },
      '/v1/admin/status-calls': {
        get: describe({
          summary: 'Kept calls of advertisers, such as those with result window_closed',
          query: statusCallPageSchema,
          refusals: ['invalid'],
        }),
      },
      '/v1/admin/status-calls/{call_id}/accept': {
        post: describe({
          summary: 'Record a status that came after the window',
          path: z.object({ call_id: z.int() }),
          refusals: ['unknown', 'conflict'],
        }),
      },
    },
  });
}

function describe({ summary, path, query, body, created, refusals }: Call): ZodOpenApiOperationObject {
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
