import { z } from 'zod';
import type { FraudSummaryRow } from '../../../db/reports/fraud-flags.ts';
import { flagKinds, tellFlag } from '../../../domain/fraud-flag.ts';
import type { viewFlag } from '../../../stories/flag-view.ts';
import { momentSchema } from '../../protocol/describe-answer.ts';

const kind = z.enum(flagKinds);

export const flagSchema = z.object({
  flag_id: z.int(),
  at: momentSchema,
  kind,
  lead_id: z.string(),
  conversion_id: z.string(),
  partner_id: z.string().meta({ description: 'Who held the lead when the status came.' }),
  reason: z.string(),
  evidence: z
    .object({
      seconds: z.int(),
      clicks: z.int(),
      leads: z.int(),
      visitors: z.int(),
      within_seconds: z.int(),
      status: z.string(),
      destination: z.string(),
      from_partner_id: z.string(),
      after_conversion: z.boolean(),
    })
    .partial()
    .meta({
      description: 'What the reason is made of; which of them depends on the kind. Clicks are counted in a sample.',
    }),
}) satisfies z.ZodType<ReturnType<typeof viewFlag>>;

export const flagExample: z.output<typeof flagSchema> = {
  flag_id: 9,
  at: '2026-01-31T09:15:30.000Z',
  kind: 'fast_status',
  lead_id: 'mk2p7s3q1x9c4v6b8n0m5k7j',
  conversion_id: 'k3v9x2m7q1w8z5t4r6y0',
  partner_id: 'abcdefghigk',
  reason: tellFlag('fast_status', { seconds: 2, status: 'approved' }),
  evidence: { seconds: 2, status: 'approved' },
};

const flagSummarySchema = z.object({
  partner_id: z.string(),
  kind,
  flags: z.int(),
  conversions: z.int(),
  latest_at: momentSchema,
}) satisfies z.ZodType<FraudSummaryRow>;

export const flagSummariesSchema = z.object({
  items: z.array(flagSummarySchema),
  leads_not_looked_at: z.int().meta({
    description: 'Leads that could not be looked at, because that took too long or could not be reckoned.',
  }),
});

export const flagSummaryExample: FraudSummaryRow = {
  partner_id: 'abcdefghigk',
  kind: 'fast_status',
  flags: 12,
  conversions: 12,
  latest_at: '2026-01-31T09:15:30.000Z',
};
