import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { definePage } from '../../fields/lists.ts';
import { pullListSchema, pullSchema as givenPullSchema } from '../../imports/pull-fields.ts';
import { defineAnswer } from '../../protocol/describe-answer.ts';
import { describeCalls } from '../describe-admin-call.ts';
import { pullExample, pullSchema, pullSettingsExample, pullSettingsSchema } from './pull-answers.ts';

const settingsAnswer = defineAnswer(pullSettingsSchema, pullSettingsExample);
const path = z.object({ advertiser_id: z.string() });

/** Exports of advertisers that are fetched by a Schedule of Temporal. */
export function describePullCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/advertisers/{advertiser_id}/pull': describeCalls({
      path,
      get: {
        summary: "From where an advertiser's export is pulled, and how that stands",
        answer: settingsAnswer,
        refusals: ['unknown'],
      },
      put: {
        summary: "Pull an advertiser's export again and again, and import it",
        description:
          'Replaces all settings. The export is CSV with a header or JSON, as for `POST /v1/admin/imports`. A row that it lists again corrects nothing, so it may list all conversions each time. Temporal gets a Schedule `pull:{advertiser_id}` as soon as it can be reached.',
        body: givenPullSchema,
        answer: settingsAnswer,
        refusals: ['invalid', 'unknown', 'conflict'],
      },
      delete: {
        summary: 'Pull nothing more from an advertiser; what was imported stays',
        answer: null,
        refusals: ['unknown'],
      },
    }),
    '/v1/admin/advertisers/{advertiser_id}/pull/run': describeChange(
      'Pull at once',
      'Also while it is paused. One that is under way is not followed by another.',
    ),
    '/v1/admin/advertisers/{advertiser_id}/pull/pause': describeChange('Pause the pulls of an advertiser'),
    '/v1/admin/advertisers/{advertiser_id}/pull/resume': describeChange('Go on with the pulls of an advertiser'),
    '/v1/admin/advertisers/{advertiser_id}/pulls': describeCalls({
      path,
      get: {
        summary: 'Pulls that were made, the newest first; the latest thousand are kept',
        query: pullListSchema,
        answer: definePage(pullSchema, pullExample),
        refusals: ['invalid', 'unknown'],
      },
    }),
  };
}

function describeChange(summary: string, description?: string) {
  return describeCalls({
    path,
    post: {
      summary,
      ...(description !== undefined && { description }),
      answer: settingsAnswer,
      status: 202,
      refusals: ['unknown'],
    },
  });
}
