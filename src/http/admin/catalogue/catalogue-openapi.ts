import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import * as answers from './catalogue-answers.ts';
import { describeCalls } from '../describe-admin-call.ts';
import {
  advertiserPatchSchema,
  newAdvertiserSchema,
  newOfferSchema,
  newPartnerSchema,
  offerPageSchema,
  offerPatchSchema,
  pageSchema,
  partnerPatchSchema,
  rotationSchema,
} from '../../fields/catalogue-schemas.ts';

/** Partners, advertisers and offers. */
export function describeCatalogueCalls(): ZodOpenApiPathsObject {
  return { ...describePartnerCalls(), ...describeAdvertiserCalls(), ...describeOfferCalls() };
}

function describePartnerCalls(): ZodOpenApiPathsObject {
  const path = z.object({ partner_id: z.string() });
  return {
    '/v1/admin/partners': describeCalls({
      post: {
        summary: 'Make a partner; its api_key is shown once',
        body: newPartnerSchema,
        answer: answers.newPartnerAnswer,
        status: 201,
        refusals: ['invalid', 'taken'],
      },
      get: { summary: 'List partners', query: pageSchema, answer: answers.partnersAnswer, refusals: ['invalid'] },
    }),
    '/v1/admin/partners/{partner_id}': describeCalls({
      path,
      get: {
        summary: 'One partner, with warnings about unusable ref_ids',
        answer: answers.warnedPartnerAnswer,
        refusals: ['unknown'],
      },
      patch: {
        summary: 'Change a partner',
        body: partnerPatchSchema,
        answer: answers.partnerAnswer,
        refusals: ['invalid', 'unknown'],
      },
    }),
    '/v1/admin/partners/{partner_id}/key': describeCalls({
      path,
      post: {
        summary: "Replace a partner's key; the old one ends at once",
        answer: answers.partnerKeyAnswer,
        status: 201,
        refusals: ['unknown'],
      },
    }),
  };
}

function describeAdvertiserCalls(): ZodOpenApiPathsObject {
  const path = z.object({ advertiser_id: z.string() });
  return {
    '/v1/admin/advertisers': describeCalls({
      post: {
        summary: 'Make an advertiser; its token is shown once',
        body: newAdvertiserSchema,
        answer: answers.newAdvertiserAnswer,
        status: 201,
        refusals: ['invalid', 'taken'],
      },
      get: { summary: 'List advertisers', query: pageSchema, answer: answers.advertisersAnswer, refusals: ['invalid'] },
    }),
    '/v1/admin/advertisers/{advertiser_id}': describeCalls({
      path,
      get: { summary: 'One advertiser', answer: answers.advertiserAnswer, refusals: ['unknown'] },
      patch: {
        summary: 'Change an advertiser',
        body: advertiserPatchSchema,
        answer: answers.patchedAdvertiserAnswer,
        refusals: ['invalid', 'unknown'],
      },
    }),
    '/v1/admin/advertisers/{advertiser_id}/token': describeCalls({
      path,
      post: {
        summary: "Replace an advertiser's token; the old one ends at once, unless it is to be kept for a while",
        body: rotationSchema,
        bodyMayBeMissing: true,
        answer: answers.advertiserTokenAnswer,
        status: 201,
        refusals: ['invalid', 'unknown'],
      },
    }),
  };
}

function describeOfferCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/offers': describeCalls({
      post: {
        summary: 'Make an offer',
        body: newOfferSchema,
        answer: answers.offerAnswer,
        status: 201,
        refusals: ['invalid', 'taken'],
      },
      get: { summary: 'List offers', query: offerPageSchema, answer: answers.offersAnswer, refusals: ['invalid'] },
    }),
    '/v1/admin/offers/{offer_id}': describeCalls({
      path: z.object({ offer_id: z.string() }),
      get: { summary: 'One offer', answer: answers.offerAnswer, refusals: ['unknown'] },
      patch: {
        summary: 'Change an offer',
        body: offerPatchSchema,
        answer: answers.offerAnswer,
        refusals: ['invalid', 'unknown'],
      },
    }),
  };
}
