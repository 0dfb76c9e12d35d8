// Postbacks and their attempts as the answers of every audience show them.
import { z } from 'zod';
import { attemptKinds, attemptOutcomes } from '../../db/reports/conversion-facts.ts';
import { postbackStates, skipReasons } from '../../db/postbacks.ts';
import { refIdProblems } from '../../domain/ref-id.ts';
import { statuses } from '../../domain/status.ts';
import { momentSchema } from '../protocol/describe-answer.ts';

const AT = '2026-01-31T09:15:00.000Z';

/** An amount in minor units, with its currency. */
export const moneySchema = z.object({
  amount: z.int().meta({ description: 'Minor units.' }),
  currency: z.string(),
});

export const outcomeSchema = z.enum(attemptOutcomes).meta({
  description: '`interrupted`: nobody saw its end; it may have arrived.',
});
export const attemptErrorSchema = z
  .string()
  .nullable()
  .meta({ description: 'Why no whole answer came, such as `timeout`.' });

const sentHeaders = z
  .record(z.string(), z.string())
  .nullable()
  .meta({ description: 'Null where nothing could be sent, and for attempts from before headers were kept.' });

export const attemptShape = {
  attempt: z.int(),
  kind: z.enum(attemptKinds).meta({ description: '`redelivery`: it was asked for, after the postback had ended.' }),
  started_at: momentSchema,
  ended_at: momentSchema.nullable(),
  outcome: outcomeSchema,
  request: z.object({ method: z.string(), url: z.string(), headers: sentHeaders, body: z.string().nullable() }),
  response: z
    .object({
      http_status: z.int(),
      location: z.string().nullable(),
      body: z.string().nullable().meta({
        description: 'The first 4 KiB, as text; null where none came, or once it was dropped after some time.',
      }),
    })
    .nullable()
    .meta({ description: 'Null when no answer came.' }),
  error: attemptErrorSchema,
  duration_ms: z.int().nullable(),
};

/** What every answer tells of a postback. */
export const listedPostbackShape = {
  postback_id: z.string(),
  conversion_id: z.string(),
  offer_id: z.string(),
  ref_id: z.string().nullable(),
  status: z.enum(statuses),
  reason: z.string().nullable().meta({ description: 'Why, if the advertiser said so; `reattributed`: a handover.' }),
  is_handover: z.boolean().meta({ description: 'It tells that the lead was lost to another partner (R14).' }),
  payout: moneySchema,
  state: z.enum(postbackStates),
  skip_reason: z.enum(skipReasons).nullable(),
  next_attempt_at: momentSchema.nullable().meta({ description: 'Between two attempts.' }),
  created_at: momentSchema,
  ended_at: momentSchema.nullable(),
};

/** What is told of a single one besides. */
export const postbackShape = {
  ...listedPostbackShape,
  event_at: momentSchema.meta({ description: 'When the status was recorded.' }),
  ref_id_problem: z.enum(refIdProblems).nullable().meta({ description: 'Why its ref_id could not be used.' }),
};

export const listedPostbackExample = {
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
  next_attempt_at: null,
  created_at: AT,
  ended_at: AT,
};

export const postbackExample = { ...listedPostbackExample, event_at: AT, ref_id_problem: null };

export const attemptExample = {
  attempt: 1,
  kind: 'scheduled' as const,
  started_at: AT,
  ended_at: AT,
  outcome: 'delivered' as const,
  request: {
    method: 'GET',
    url: 'https://tracker.example/postback?cid=123456789abcd&status=approved&payout=12.50&txid=k3v9x2m7q1w8z5t4r6y0',
    headers: { 'user-agent': 'Cashcat-Postbacks/1', accept: '*/*' },
    body: null,
  },
  response: { http_status: 200, location: null, body: 'OK' },
  error: null,
  duration_ms: 84,
};
