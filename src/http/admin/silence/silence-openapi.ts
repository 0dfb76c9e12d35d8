import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { describeCalls } from '../describe-admin-call.ts';
import { reminderListSchema } from '../../fields/reminder-list.ts';
import { remindersAnswer, remindersCsvExample, silenceAnswer, silenceSchema } from './silence-schemas.ts';

/** Advertisers who do not answer. */
export function describeSilenceCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/silence': describeCalls({
      get: {
        summary: 'Conversions without an answer by advertiser and age, and advertisers who have gone silent',
        query: silenceSchema,
        answer: silenceAnswer,
        refusals: ['invalid'],
      },
    }),
    '/v1/admin/silence/reminders': describeCalls({
      get: {
        summary: 'Conversions without an answer whose window ends soon, the first one to end on top',
        query: reminderListSchema,
        answer: remindersAnswer,
        csv: remindersCsvExample,
        refusals: ['invalid'],
      },
    }),
  };
}
