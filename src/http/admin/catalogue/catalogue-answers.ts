import { z } from 'zod';
import type { Advertiser } from '../../../db/advertisers.ts';
import type { Offer } from '../../../db/offers.ts';
import type { Partner, RefIdWarning } from '../../../db/partners.ts';
import { refIdProblems } from '../../../domain/ref-id.ts';
import { statuses } from '../../../domain/status.ts';
import { trackerIds } from '../../../domain/trackers/tracker-preset.ts';
import { shownProofsSchema } from '../../fields/proofs-schema.ts';
import { shownVocabularySchema } from '../../fields/vocabulary-schema.ts';
import { appliedExample, appliedFields } from '../status-calls/status-call-answers.ts';
import { defineAnswer, momentSchema, type Answer } from '../../protocol/describe-answer.ts';

const MOMENT = '2026-01-31T09:15:00.000Z';

const stateSchema = z.enum(['active', 'paused']);
const byStatus = z.object({
  pending: z.string().optional(),
  approved: z.string().optional(),
  rejected: z.string().optional(),
});

const settingsSchema = z.object({
  url: z.string(),
  method: z.enum(['GET', 'POST']),
  body: z.enum(['form', 'json']).nullable(),
  statuses: z.array(z.enum(statuses)),
  status_words: byStatus,
  status_urls: byStatus,
  handover: z.boolean(),
  tracker: z.enum(trackerIds).optional(),
  canary: z.boolean().optional(),
});

const partnerSchema = z.object({
  partner_id: z.string(),
  name: z.string(),
  state: stateSchema,
  api_key_prefix: z.string().meta({ description: 'The beginning of its key, to tell it from others.' }),
  postback: settingsSchema.nullable().meta({ description: 'Null: it gets no postbacks.' }),
  created_at: momentSchema,
  updated_at: momentSchema,
  referral_url: z.string(),
}) satisfies z.ZodType<Partner>;

const warningSchema = z.object({
  problem: z.enum(refIdProblems),
  count: z.int().meta({ description: 'At most 10,000 are counted.' }),
  latest_sample: z.string().nullable().meta({ description: 'How the latest one began.' }),
  latest_at: momentSchema,
}) satisfies z.ZodType<RefIdWarning>;

const partnerExample: z.output<typeof partnerSchema> = {
  partner_id: 'abcdefghigk',
  name: 'Ann Media',
  state: 'active',
  api_key_prefix: 'ck_Jx3kd9',
  postback: {
    url: 'https://tracker.example/postback?cid={ref_id}&status={status}',
    method: 'GET',
    body: null,
    statuses: ['pending', 'approved', 'rejected'],
    status_words: { approved: 'paid' },
    status_urls: {},
    handover: false,
  },
  created_at: MOMENT,
  updated_at: MOMENT,
  referral_url: 'https://cashcat.example/abcdefghigk/',
};

const apiKey = z.string().meta({ description: 'Shown this once.' });
const keyExample = 'ck_Jx3kd9mQ0c5uT7wYbV2hZ4';

export const partnerAnswer = defineAnswer(partnerSchema, partnerExample);
export const newPartnerAnswer = defineAnswer(partnerSchema.extend({ api_key: apiKey }), {
  ...partnerExample,
  api_key: keyExample,
});
export const warnedPartnerAnswer = defineAnswer(partnerSchema.extend({ ref_id_warnings: z.array(warningSchema) }), {
  ...partnerExample,
  ref_id_warnings: [{ problem: 'too_long', count: 12, latest_sample: 'c'.repeat(64), latest_at: MOMENT }],
});
export const partnersAnswer = pageOf('partners', partnerSchema, partnerExample);
export const partnerKeyAnswer = defineAnswer(z.object({ partner_id: z.string(), api_key: apiKey }), {
  partner_id: 'abcdefghigk',
  api_key: keyExample,
});

const advertiserSchema = z.object({
  advertiser_id: z.string(),
  name: z.string(),
  state: stateSchema,
  token_prefix: z.string().meta({ description: 'The beginning of its token, to tell it from others.' }),
  vocabulary: shownVocabularySchema.nullable().meta({ description: 'Null: it uses our words and names.' }),
  proofs: shownProofsSchema.meta({ description: 'By what its calls show that they come from it.' }),
  old_token_until: momentSchema.nullable().meta({ description: 'Until when the token before this one goes on.' }),
  created_at: momentSchema,
  updated_at: momentSchema,
  postback_url: z.string().meta({ description: 'Where it reports its statuses.' }),
}) satisfies z.ZodType<Advertiser>;

const advertiserExample: z.output<typeof advertiserSchema> = {
  advertiser_id: 'first-bank-4f2k9x',
  name: 'First Bank',
  state: 'active',
  token_prefix: 'at_Lp8sW2',
  vocabulary: {
    words: { lead: 'pending', sale: 'approved', trash: 'rejected', test: 'ignore' },
    default_status: null,
    parameters: { conversion_id: 'click_id', status: 'state' },
  },
  proofs: { token: true, signature: false, addresses: ['192.0.2.0/24'] },
  old_token_until: null,
  created_at: MOMENT,
  updated_at: MOMENT,
  postback_url: 'https://cashcat.example/advertisers/first-bank-4f2k9x/postback',
};

const token = z.string().meta({ description: 'Shown this once.' });
const tokenExample = 'at_Lp8sW2nB6r1yK3eGdF5jX7';

export const advertiserAnswer = defineAnswer(advertiserSchema, advertiserExample);
export const newAdvertiserAnswer = defineAnswer(advertiserSchema.extend({ token }), {
  ...advertiserExample,
  token: tokenExample,
});
export const patchedAdvertiserAnswer = defineAnswer(
  advertiserSchema.extend({
    kept_calls: z
      .object(appliedFields)
      .optional()
      .meta({ description: 'When a vocabulary was given: what became of the calls that it explains.' }),
  }),
  { ...advertiserExample, kept_calls: appliedExample },
);
export const advertisersAnswer = pageOf('advertisers', advertiserSchema, advertiserExample);
export const advertiserTokenAnswer = defineAnswer(z.object({ advertiser_id: z.string(), token }), {
  advertiser_id: 'first-bank-4f2k9x',
  token: tokenExample,
});

const offerSchema = z.object({
  offer_id: z.string(),
  advertiser_id: z.string(),
  name: z.string(),
  description: z.string(),
  url: z.string(),
  reward: z.object({ amount: z.int().min(0), currency: z.string() }),
  price_version: z.int().meta({ description: 'How many rewards it has had.' }),
  state: stateSchema,
  created_at: momentSchema,
  updated_at: momentSchema,
}) satisfies z.ZodType<Offer>;

const offerExample: z.output<typeof offerSchema> = {
  offer_id: 'gold-card-7h3m2p',
  advertiser_id: 'first-bank-4f2k9x',
  name: 'Gold card',
  description: 'No fee in the first year.',
  url: 'https://bank.example/apply?click={conversion_id}',
  reward: { amount: 1250, currency: 'USD' },
  price_version: 1,
  state: 'active',
  created_at: MOMENT,
  updated_at: MOMENT,
};

export const offerAnswer = defineAnswer(offerSchema, offerExample);
export const offersAnswer = pageOf('offers', offerSchema, offerExample);

function pageOf<Row extends z.ZodType>(name: string, row: Row, example: z.output<Row>): Answer {
  const next = z.string().nullable().meta({ description: 'Give it as `after` to get the next page; null: no more.' });
  return { schema: z.object({ [name]: z.array(row), next }), example: { [name]: [example], next: null } };
}
