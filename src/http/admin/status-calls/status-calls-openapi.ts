import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { describeCalls } from '../describe-admin-call.ts';
import * as answers from './status-call-answers.ts';
import {
  mappedWordSchema,
  statusByOpsSchema,
  statusCallListSchema,
  unknownWordListSchema,
} from '../../fields/status-call-schemas.ts';

/** The inbound log, the inbox of unknown words, and a status by ops. */
export function describeStatusCalls(): ZodOpenApiPathsObject {
  const path = z.object({ call_id: z.int().min(1) });
  return {
    '/v1/admin/status-calls': describeCalls({
      get: {
        summary: 'The inbound log: every status call as it was kept, the newest first',
        query: statusCallListSchema,
        answer: answers.statusCallsAnswer,
        refusals: ['invalid'],
      },
    }),
    '/v1/admin/status-calls/{call_id}': describeCalls({
      path,
      get: { summary: 'One status call', answer: answers.statusCallAnswer, refusals: ['unknown'] },
    }),
    '/v1/admin/status-calls/{call_id}/accept': describeCalls({
      path,
      post: {
        summary: 'Record a status that came after the window',
        answer: answers.acceptedCallAnswer,
        refusals: ['unknown', 'conflict'],
      },
    }),
    '/v1/admin/status-calls/{call_id}/rejudge': describeCalls({
      path,
      post: {
        summary: 'Judge a refused call again, by the words of today and the window of the time when it came',
        answer: answers.rejudgedCallAnswer,
        refusals: ['unknown', 'conflict'],
      },
    }),
    '/v1/admin/conversions/{conversion_id}/status': describeCalls({
      path: z.object({ conversion_id: z.string() }),
      post: {
        summary: 'Give a conversion a status by hand, with a reason; the window does not matter',
        body: statusByOpsSchema,
        answer: answers.statusByOpsAnswer,
        refusals: ['unknown', 'invalid'],
      },
    }),
    '/v1/admin/unknown-words': describeCalls({
      get: {
        summary: 'The inbox: words of advertisers that nobody has explained, by advertiser and word',
        query: unknownWordListSchema,
        answer: answers.unknownWordsAnswer,
        refusals: ['invalid'],
      },
      post: {
        summary: 'Say what a word means, and apply the calls that were kept for it',
        body: mappedWordSchema,
        answer: answers.mappedWordAnswer,
        refusals: ['unknown', 'invalid', 'conflict'],
      },
    }),
  };
}
