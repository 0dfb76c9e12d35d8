import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { describeCalls } from '../describe-partner-call.ts';
import { conversionHeaders, conversionsAnswer, conversionStoryAnswer } from './conversion-answers.ts';
import { conversionCsvExample } from './conversion-csv.ts';
import { conversionListSchema, conversionPath } from './conversion-schemas.ts';

/** The conversions that concern a partner, and its part of their stories. */
export function describeConversionCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/partner/conversions': describeCalls({
      get: {
        summary: 'Your conversions, the newest first',
        description:
          'Those that you won, were told of, or whose lead was linked to you when they were made, or is now.',
        query: conversionListSchema,
        answer: conversionsAnswer,
        csv: conversionCsvExample,
        headers: conversionHeaders,
        refusals: ['invalid'],
      },
    }),
    '/v1/partner/conversions/{conversion_id}': describeCalls({
      path: conversionPath,
      get: {
        summary: 'Your part of the story of a conversion: your visits, its statuses, why you won or lost, what you get',
        answer: conversionStoryAnswer,
        refusals: ['unknown'],
      },
    }),
  };
}
