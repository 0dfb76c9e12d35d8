import { z } from 'zod';
import { attemptKinds, attemptOutcomes } from '../../../db/reports/conversion-facts.ts';
import { postbackStates, skipReasons } from '../../../db/postbacks.ts';
import { refIdProblems } from '../../../domain/ref-id.ts';
import { statuses } from '../../../domain/status.ts';
import type { viewListedPostback, viewPartnerPostback } from '../../../stories/partner-postback.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';
import { definePage } from '../../fields/lists.ts';

const AT = '2026-01-31T09:15:00.000Z';

export const moneySchema = z.object({
  amount: z.int().meta({ description: 'Minor units.' }),
  currency: z.string(),
});

const status = z.enum(statuses);
const outcome = z.enum(attemptOutcomes).meta({
  description: '`interrupted`: nobody saw its end; it may have arrived.',
});
const error = z.string().nullable().meta({ description: 'Why no whole answer came, such as `timeout`.' });
const durationMs = z.int().nullable();

const described = {
  postback_id: z.string(),
  conversion_id: z.string(),
  offer_id: z.string(),
  ref_id: z.string().nullable(),
  status,
  reason: z.string().nullable().meta({ description: 'Why, if the advertiser said so; `reattributed`: a handover.' }),
  is_handover: z.boolean().meta({ description: 'It tells that the lead was lost to another partner (R14).' }),
  payout: moneySchema,
  state: z.enum(postbackStates),
  skip_reason: z.enum(skipReasons).nullable(),
  attempts_made: z.int(),
  warnings: z
    .array(z.object({ code: z.literal('hidden_refusal'), message: z.string() }))
    .meta({ description: 'A 200 whose body says that you did not take it.' }),
  next_attempt_at: momentSchema.nullable().meta({ description: 'Between two attempts.' }),
  created_at: momentSchema,
  ended_at: momentSchema.nullable(),
};

const listedSchema = z.object({
  ...described,
  last_attempt: z
    .object({ started_at: momentSchema, outcome, duration_ms: durationMs, http_status: z.int().nullable(), error })
    .nullable(),
}) satisfies z.ZodType<ReturnType<typeof viewListedPostback>>;

const sentHeaders = z
  .record(z.string(), z.string())
  .nullable()
  .meta({ description: 'Null where nothing could be sent, and for attempts from before headers were kept.' });

const attemptSchema = z.object({
  attempt: z.int(),
  kind: z.enum(attemptKinds).meta({ description: '`redelivery`: it was asked for, after the postback had ended.' }),
  started_at: momentSchema,
  ended_at: momentSchema.nullable(),
  outcome,
  request: z.object({ method: z.string(), url: z.string(), headers: sentHeaders, body: z.string().nullable() }),
  response: z
    .object({
      http_status: z.int(),
      location: z.string().nullable(),
      body: z.string().nullable().meta({ description: 'The first 4 KiB, as text.' }),
    })
    .nullable()
    .meta({ description: 'Null when no answer came.' }),
  error,
  duration_ms: durationMs,
  explanation: z.string().meta({ description: 'What it means, and what to do about it.' }),
});

/** A postback with all of its attempts. */
export const postbackSchema = z
  .object({
    ...described,
    event_at: momentSchema.meta({ description: 'When the status was recorded.' }),
    ref_id_problem: z.enum(refIdProblems).nullable().meta({ description: 'Why its ref_id could not be used.' }),
    superseded_by: z
      .object({ postback_id: z.string(), status })
      .nullable()
      .meta({ description: 'The postback of the newer status that came before this one was delivered.' }),
    explanation: z.string().meta({ description: 'Why it is as it is.' }),
    attempts: z.array(attemptSchema),
  })
  .meta({ id: 'Postback' }) satisfies z.ZodType<ReturnType<typeof viewPartnerPostback>>;

const postback = {
  postback_id: 'p4t8w1x6z3c7v9b2',
  conversion_id: 'k3v9x2m7q1w8z5t4r6y0',
  offer_id: 'gold-card-7h3m2p',
  ref_id: '123456789abcd',
  status: 'approved' as const,
  reason: null,
  is_handover: false,
  payout: { amount: 1250, currency: 'USD' },
  state: 'delivered' as const,
  skip_reason: null,
  attempts_made: 1,
  warnings: [],
  next_attempt_at: null,
  created_at: AT,
  ended_at: AT,
};

export const postbackExample: z.output<typeof postbackSchema> = {
  ...postback,
  event_at: AT,
  ref_id_problem: null,
  superseded_by: null,
  explanation: 'Delivered: your endpoint answered 200.',
  attempts: [
    {
      attempt: 1,
      kind: 'scheduled',
      started_at: AT,
      ended_at: AT,
      outcome: 'delivered',
      request: {
        method: 'GET',
        url: 'https://tracker.example/postback?cid=123456789abcd&status=approved&payout=12.50&txid=k3v9x2m7q1w8z5t4r6y0',
        headers: { 'user-agent': 'Cashcat-Postbacks/1', accept: '*/*' },
        body: null,
      },
      response: { http_status: 200, location: null, body: 'OK' },
      error: null,
      duration_ms: 84,
      explanation: 'Delivered: your endpoint answered 200.',
    },
  ],
};

export const postbackAnswer = defineAnswer(postbackSchema, postbackExample);

export const postbacksAnswer = definePage(listedSchema, {
  ...postback,
  last_attempt: { started_at: AT, outcome: 'delivered', duration_ms: 84, http_status: 200, error: null },
});
