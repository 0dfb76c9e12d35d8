import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { describeCalls } from '../describe-admin-call.ts';
import { capAnswer, previewAnswer, priceListAnswer, priceListsAnswer } from './price-answers.ts';
import { capSchema, newPriceListSchema, previewSchema } from '../../fields/price-schemas.ts';

/** Price lists and caps of offers. */
export function describePriceCalls(): ZodOpenApiPathsObject {
  const path = z.object({ offer_id: z.string() });
  return {
    '/v1/admin/offers/{offer_id}/prices': describeCalls({
      path,
      post: {
        summary: "Add a version to an offer's prices; it is never changed afterwards",
        description:
          'A conversion brings what the list says that applies when it is approved. What has been approved keeps its price.',
        body: newPriceListSchema,
        answer: priceListAnswer,
        status: 201,
        refusals: ['invalid', 'unknown'],
      },
      get: {
        summary: "All versions of an offer's prices, the latest beginning first",
        answer: priceListsAnswer,
        refusals: ['unknown'],
      },
    }),
    '/v1/admin/offers/{offer_id}/prices/preview': describeCalls({
      path,
      post: {
        summary: 'What a past time would have cost under a draft, beside what it did cost',
        description: 'It changes nothing. Reversed conversions cost nothing, and count as they did.',
        body: previewSchema,
        answer: previewAnswer,
        refusals: ['invalid', 'unknown'],
      },
    }),
    '/v1/admin/offers/{offer_id}/cap': describeCalls({
      path,
      put: {
        summary: 'Say how many approved conversions an offer takes, and what becomes of those beyond',
        description: 'It counts all that was approved of the offer, also before the cap was made.',
        body: capSchema,
        answer: capAnswer,
        refusals: ['invalid', 'unknown'],
      },
      get: { summary: "An offer's cap, and how much of it is used up", answer: capAnswer, refusals: ['unknown'] },
      delete: { summary: 'Let an offer take as many as come', answer: capAnswer, refusals: ['unknown'] },
    }),
  };
}
