import { z } from 'zod';
import { statusCallResults, type StatusCallRow } from '../../../db/reports/status-calls.ts';
import { statuses } from '../../../domain/status.ts';
import type { StatusAnswer } from '../../../intake/status.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';

const rawSchema = z.unknown().meta({
  description: 'What the advertiser sent, except its token.',
  override: { type: 'object' },
});

/** A kept call as a story shows it, beside the conversion that it names. */
export const keptCallSchema = z.object({
  call_id: z.int(),
  at: momentSchema,
  result: z.enum(statusCallResults),
  accepted_at: momentSchema.nullable().meta({ description: 'When ops accepted it although it was late.' }),
  raw: rawSchema,
});

export const keptCallExample: z.output<typeof keptCallSchema> = {
  call_id: 17,
  at: '2026-01-31T09:15:00.000Z',
  result: 'recorded',
  accepted_at: null,
  raw: {
    method: 'GET',
    query: { conversion_id: 'k3v9x2m7q1w8z5t4r6y0', status: 'approved' },
    body: null,
  },
};

const statusCallSchema = keptCallSchema.extend({
  advertiser_id: z.string(),
  conversion_id: z.string().nullable(),
  lead_id: z.string().nullable(),
  seq: z.int().nullable().meta({ description: 'Of the event that it became; null when it became none.' }),
}) satisfies z.ZodType<StatusCallRow>;

export const statusCallsAnswer = defineAnswer(
  z.object({
    status_calls: z.array(statusCallSchema),
    next: z.int().nullable().meta({ description: 'Give it as `after` to get the next page; null: no more.' }),
  }),
  {
    status_calls: [
      {
        ...keptCallExample,
        result: 'window_closed',
        advertiser_id: 'first-bank-4f2k9x',
        conversion_id: 'k3v9x2m7q1w8z5t4r6y0',
        lead_id: null,
        seq: null,
      },
    ],
    next: null,
  },
);

export const acceptedCallAnswer = defineAnswer(
  z.object({
    call_id: z.int(),
    conversion_id: z.string(),
    status: z.enum(statuses),
    result: z.enum(['recorded', 'duplicate', 'stale'] satisfies StatusAnswer['result'][]),
  }),
  { call_id: 17, conversion_id: 'k3v9x2m7q1w8z5t4r6y0', status: 'approved', result: 'recorded' },
);
