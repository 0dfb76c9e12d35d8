import { z } from 'zod';
import { statuses } from '../../../domain/status.ts';
import type { viewListedPostback, viewPartnerPostback } from '../../../stories/partner-postback.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';
import { definePage } from '../../fields/lists.ts';
import * as shared from '../../fields/postback-answers.ts';

const described = {
  ...shared.listedPostbackShape,
  attempts_made: z.int(),
  warnings: z
    .array(z.object({ code: z.literal('hidden_refusal'), message: z.string() }))
    .meta({ description: 'A 200 whose body says that you did not take it.' }),
};

const listedSchema = z.object({
  ...described,
  last_attempt: z
    .object({
      started_at: momentSchema,
      outcome: shared.outcomeSchema,
      duration_ms: z.int().nullable(),
      http_status: z.int().nullable(),
      error: shared.attemptErrorSchema,
    })
    .nullable(),
}) satisfies z.ZodType<ReturnType<typeof viewListedPostback>>;

const attemptSchema = z.object({
  ...shared.attemptShape,
  explanation: z.string().meta({ description: 'What it means, and what to do about it.' }),
});

/** A postback with all of its attempts. */
export const postbackSchema = z
  .object({
    ...described,
    ...shared.postbackShape,
    superseded_by: z
      .object({ postback_id: z.string(), status: z.enum(statuses) })
      .nullable()
      .meta({ description: 'The postback of the newer status that came before this one was delivered.' }),
    explanation: z.string().meta({ description: 'Why it is as it is.' }),
    attempts: z.array(attemptSchema),
  })
  .meta({ id: 'Postback' }) satisfies z.ZodType<ReturnType<typeof viewPartnerPostback>>;

const listedExample = { ...shared.listedPostbackExample, attempts_made: 1, warnings: [] };
const explanation = 'Delivered: your endpoint answered 200.';

export const postbackExample: z.output<typeof postbackSchema> = {
  ...listedExample,
  ...shared.postbackExample,
  ...{ superseded_by: null, explanation },
  attempts: [{ ...shared.attemptExample, explanation }],
};

export const postbackAnswer = defineAnswer(postbackSchema, postbackExample);

export const postbacksAnswer = definePage(listedSchema, {
  ...listedExample,
  last_attempt: {
    started_at: shared.attemptExample.started_at,
    outcome: 'delivered',
    duration_ms: 84,
    http_status: 200,
    error: null,
  },
});
