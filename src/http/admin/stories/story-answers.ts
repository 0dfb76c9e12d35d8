import { z } from 'zod';
import { refIdProblems } from '../../../domain/ref-id.ts';
import { statuses } from '../../../domain/status.ts';
import type { ConversionStory } from '../../../stories/conversion-story.ts';
import type { LeadStory } from '../../../stories/lead-story.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';
import { conversionExample, conversionSchema } from './conversion-answer.ts';

const AT = '2026-01-31T09:14:00.000Z';

const holder = z.string().meta({ description: 'A partner_id, or `house`.' });
const refId = z.string().nullable();
const committed = { seq: z.int().min(1), at: momentSchema };

const touchSchema = z.object({
  ...committed,
  type: z.literal('touch'),
  partner_id: z.string(),
  ref_id: refId,
  ref_id_problem: z.enum(refIdProblems).nullable(),
  ref_id_sample: z.string().nullable().meta({ description: 'How an unusable ref_id began.' }),
});

const eventSchema = z.discriminatedUnion('type', [
  touchSchema,
  z.object({
    ...committed,
    type: z.literal('conversion'),
    conversion_id: z.string(),
    offer_id: z.string(),
    advertiser_id: z.string(),
  }),
  z.object({
    ...committed,
    type: z.literal('status'),
    conversion_id: z.string(),
    offer_id: z.string(),
    advertiser_id: z.string(),
    status: conversionSchema.shape.status.unwrap(),
    reason: z.string().nullable(),
  }),
]);

const linkChangeSchema = z.object({ ...committed, from: holder, to: holder, ref_id: refId });
const droppedTouchesSchema = z
  .object({ touches: z.int(), dropped_at: momentSchema, what: z.string() })
  .nullable()
  .meta({ description: 'What was dropped after FACTS_RETENTION_DAYS; null when every touch is there.' });
const timelineSchema = z
  .array(z.object({ at: momentSchema, seq: z.int().nullable(), what: z.string() }))
  .meta({ description: 'Everything that happened, in its order, one line each.' });

const addressSchema = z.object({
  lead_id: z.string(),
  workflow_id: z.string(),
  temporal_ui_url: z.string().nullable().meta({ description: 'Its page in the Web UI; null when no UI is known.' }),
  linked_partner: holder,
});

const touchExample: z.output<typeof touchSchema> = {
  seq: 1,
  at: AT,
  type: 'touch',
  partner_id: 'abcdefghigk',
  ref_id: '123456789abcd',
  ref_id_problem: null,
  ref_id_sample: null,
};
const addressExample: z.output<typeof addressSchema> = {
  lead_id: 'mk2p7s3q1x9c4v6b8n0m5k7j',
  workflow_id: 'lead:mk2p7s3q1x9c4v6b8n0m5k7j',
  temporal_ui_url: 'http://127.0.0.1:8233/namespaces/default/workflows/lead%3Amk2p7s3q1x9c4v6b8n0m5k7j',
  linked_partner: 'abcdefghigk',
};
const linkChangeExample = { seq: 1, at: AT, from: 'house', to: 'abcdefghigk', ref_id: '123456789abcd' };
const timelineExample = [
  { at: AT, seq: 1, what: 'touch by abcdefghigk with ref_id 123456789abcd; the lead passes from house to abcdefghigk' },
];

export const conversionStoryAnswer = defineAnswer(
  conversionSchema.extend({
    ...addressSchema.shape,
    state: z.enum([...statuses, 'open', 'expired']).meta({
      description: 'Its last status; before the first it waits for an answer while it is open, else it has expired.',
    }),
    open_until: momentSchema.meta({ description: 'When the window of its lead ends.' }),
    is_complete: z.boolean().meta({ description: 'False when touches far from the decision are left out.' }),
    dropped_touches: droppedTouchesSchema,
    touches: z.array(eventSchema),
    link_changes: z.array(linkChangeSchema),
    timeline: timelineSchema,
  }) satisfies z.ZodType<ConversionStory>,
  {
    ...conversionExample,
    ...addressExample,
    state: 'approved',
    open_until: '2026-02-14T09:14:30.000Z',
    is_complete: true,
    dropped_touches: null,
    touches: [touchExample],
    link_changes: [linkChangeExample],
    timeline: timelineExample,
  },
);

export const leadStoryAnswer = defineAnswer(
  addressSchema.extend({
    ref_id: refId,
    created_at: momentSchema,
    open_until: momentSchema,
    is_complete: z.boolean().meta({ description: 'True when this page is all there is.' }),
    dropped_touches: droppedTouchesSchema,
    next: z.int().nullable().meta({ description: 'Give it as `after` to get the next page; null: no more.' }),
    events: z.array(eventSchema),
    link_changes: z.array(linkChangeSchema),
    conversions: z.array(conversionSchema),
    timeline: timelineSchema,
  }) satisfies z.ZodType<LeadStory>,
  {
    ...addressExample,
    ref_id: '123456789abcd',
    created_at: AT,
    open_until: '2026-02-14T09:14:30.000Z',
    is_complete: true,
    dropped_touches: null,
    next: null,
    events: [touchExample],
    link_changes: [linkChangeExample],
    conversions: [conversionExample],
    timeline: timelineExample,
  },
);
