import { z } from 'zod';
import { partnerOutcomes, type PartnerConversion } from '../../../db/reports/partner-conversion-standing.ts';
import { capReasons } from '../../../domain/offer-cap.ts';
import { refIdProblems } from '../../../domain/ref-id.ts';
import { statuses } from '../../../domain/status.ts';
import type { tellPartnerConversion } from '../../../stories/partner-conversion-story.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';
import { definePage } from '../../fields/lists.ts';
import { moneySchema } from '../../fields/postback-answers.ts';
import { postbackExample, postbackSchema } from '../postbacks/postback-answers.ts';

const CLICKED_AT = '2026-01-31T09:14:30.000Z';
const AT = '2026-01-31T09:15:00.000Z';

const status = z.enum(statuses);

const described = {
  conversion_id: z.string(),
  created_at: momentSchema,
  offer_id: z.string(),
  offer_name: z.string().nullable(),
  ref_id: z.string().nullable().meta({ description: 'By which its postbacks go.' }),
  status: status.nullable().meta({ description: 'The last one that concerns you; null before the first.' }),
  status_at: momentSchema.nullable(),
  outcome: z.enum(partnerOutcomes).meta({
    description:
      '`open`: the lead is linked to you and nobody has won it. `reattributed`: it is linked to another partner, or was won by one.',
  }),
};

const listedSchema = z.object({
  ...described,
  reward: moneySchema.nullable().meta({ description: 'What is booked, less what is revoked; null: nothing ever was.' }),
}) satisfies z.ZodType<PartnerConversion>;

const touchSchema = z.object({
  at: momentSchema,
  ref_id: z.string().nullable(),
  ref_id_problem: z.enum(refIdProblems).nullable().meta({ description: 'Why its ref_id could not be used.' }),
  ref_id_sample: z.string().nullable().meta({ description: 'How an unusable ref_id began.' }),
});

const storySchema = z.object({
  ...described,
  why: z.string().meta({ description: 'Why you won or lost it, with the rules.' }),
  price: z
    .object({
      amount: z.int(),
      currency: z.string(),
      version: z.int(),
      tier_from: z.int().nullable().meta({ description: 'The tier of the price list; null where none applied.' }),
      counted: z.int().nullable().meta({
        description: 'How many conversions were approved before it in the period, whoever won them.',
      }),
      cap: z
        .enum(capReasons)
        .nullable()
        .meta({ description: 'Which cap of the offer was used up: it brings nothing.' }),
      why: z.string().meta({ description: 'Where it comes from, in a sentence.' }),
    })
    .nullable()
    .meta({ description: 'Fixed with the first approval, in minor units; null as long as you have not won.' }),
  reward: z.object({
    net: moneySchema.nullable(),
    entries: z.array(
      z.object({
        kind: z.enum(['booked', 'revoked']),
        line: z.enum(['reward', 'revocation', 'correction']).meta({ description: 'What it is in your ledger.' }),
        amount: z.int(),
        currency: z.string(),
        at: momentSchema,
        payout_id: z.string().nullable().meta({ description: 'The payout that paid it; null while it is open.' }),
        payout_reference: z.string().nullable(),
        paid_at: momentSchema.nullable(),
      }),
    ),
  }),
  touches: z.array(touchSchema).meta({ description: 'Your visits of this lead, in order; the latest 200.' }),
  statuses: z
    .array(z.object({ status, at: momentSchema, reason: z.string().nullable() }))
    .meta({ description: 'Those that concern you.' }),
  postbacks: z.array(postbackSchema),
  timeline: z
    .array(z.object({ at: momentSchema, what: z.string() }))
    .meta({ description: 'All of it, one line each, in the order in which it happened.' }),
}) satisfies z.ZodType<ReturnType<typeof tellPartnerConversion>>;

const conversion = {
  conversion_id: 'k3v9x2m7q1w8z5t4r6y0',
  created_at: CLICKED_AT,
  offer_id: 'gold-card-7h3m2p',
  offer_name: 'Gold card',
  ref_id: '123456789abcd',
  status: 'approved' as const,
  status_at: AT,
  outcome: 'won' as const,
};
const money = { amount: 1250, currency: 'USD' };

const missingSince = momentSchema.nullable().meta({
  description:
    'Null: all are listed. Otherwise we are still sorting out, as after an upgrade, whose the leads are that something ' +
    'happened to since then: of those only conversions are listed that you were told a status of. Ask again in some minutes. ' +
    'Of CSV the header `Cashcat-Missing-Since` tells the same; a file that began before we fell behind may break off.',
});

export const conversionHeaders = z.object({
  'Cashcat-Missing-Since': momentSchema.optional().meta({
    description: 'What `missing_since` says, when it is not null.',
    example: '2026-01-31T09:14:00.000Z',
  }),
});

export const conversionsAnswer = definePage(
  listedSchema,
  { ...conversion, reward: money },
  { missing_since: missingSince },
);

export const conversionStoryAnswer = defineAnswer(storySchema, {
  ...conversion,
  why: `You won it: the lead was linked to you by your touch of 2026-01-31T09:14:00.000Z when approved was recorded at ${AT} (R3, R8).`,
  price: {
    ...money,
    version: 3,
    tier_from: 100,
    counted: 136,
    cap: null,
    why: '12.50 USD: the tier from 100, because it was the 137th approved conversion of this advertiser in 2026-01 (Europe/Berlin); price list version 3.',
  },
  reward: {
    net: money,
    entries: [
      {
        ...{ kind: 'booked', line: 'reward', ...money, at: AT },
        ...{ payout_id: null, payout_reference: null, paid_at: null },
      },
    ],
  },
  touches: [{ at: '2026-01-31T09:14:00.000Z', ref_id: '123456789abcd', ref_id_problem: null, ref_id_sample: null }],
  statuses: [{ status: 'approved', at: AT, reason: null }],
  postbacks: [postbackExample],
  timeline: [
    { at: '2026-01-31T09:14:00.000Z', what: 'touch with ref_id 123456789abcd' },
    { at: CLICKED_AT, what: 'conversion: on the way to Gold card' },
    { at: AT, what: 'approved' },
  ],
});
