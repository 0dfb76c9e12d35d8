import { z } from 'zod';
import { capReasons } from '../../../domain/offer-cap.ts';
import { statuses } from '../../../domain/status.ts';
import * as shared from '../../fields/postback-answers.ts';
import { momentSchema } from '../../protocol/describe-answer.ts';
import { flagExample, flagSchema } from '../fraud/fraud-answers.ts';
import { keptCallExample, keptCallSchema } from '../status-calls/status-call-answers.ts';

const AT = '2026-01-31T09:15:00.000Z';

const holder = z.string().meta({ description: 'A partner_id, or `house`.' });
const refId = z.string().nullable();
const status = z.enum(statuses);

const postbackSchema = z.object({
  ...shared.postbackShape,
  partner_id: holder,
  lead_id: z.string(),
  seq: z.int().meta({ description: 'Of the status that it tells of.' }),
  attempts: z.array(z.object(shared.attemptShape)),
});

const entrySchema = z.object({
  entry_id: z.int(),
  conversion_id: z.string(),
  seq: z.int(),
  partner_id: z.string(),
  kind: z.enum(['booked', 'revoked']),
  amount: z.int().meta({ description: 'Minor units; negative when revoked.' }),
  currency: z.string(),
  price_version: z.int(),
  at: momentSchema,
  line: z.enum(['reward', 'revocation', 'correction']).meta({
    description: 'What it is in the ledger: a correction follows after something of the conversion was paid out.',
  }),
  payout_id: z.string().nullable().meta({ description: 'The payout that closed it; null while it is open.' }),
  payout_reference: z.string().nullable(),
  paid_at: momentSchema.nullable(),
});

const priceSchema = z
  .object({
    amount: z.int().meta({ description: 'Minor units.' }),
    currency: z.string(),
    version: z.int().meta({ description: "Of the price list; of the offer's reward where none applied." }),
    price_list_id: z.int().nullable(),
    tier_from: z.int().nullable(),
    counted: z.int().nullable().meta({ description: 'How many were approved before it in the period.' }),
    cap: z.enum(capReasons).nullable().meta({ description: 'Which cap was used up, so that it brings nothing.' }),
    cap_limit: z.int().nullable(),
    is_reapproval: z.boolean().meta({ description: 'It keeps the price of an earlier approval.' }),
    why: z.string(),
  })
  .meta({ description: 'What it brings; for `pending`, as things stood. Null for `rejected`.' });

/** A conversion with its statuses, its reward and its postbacks. */
export const conversionSchema = z.object({
  conversion_id: z.string(),
  seq: z.int(),
  created_at: momentSchema,
  offer: z.object({ offer_id: z.string(), name: z.string().nullable() }),
  advertiser: z.object({ advertiser_id: z.string(), name: z.string().nullable() }),
  status: status.nullable().meta({ description: 'The last one; null before the first.' }),
  status_at: momentSchema.nullable(),
  won_by: z.object({ partner_id: holder, seq: z.int(), at: momentSchema, ref_id: refId, why: z.string() }).nullable(),
  statuses: z.array(
    z.object({
      seq: z.int(),
      status,
      at: momentSchema,
      reason: z.string().nullable(),
      settled_with: holder.nullable(),
      settled_at: momentSchema.nullable(),
      price: priceSchema.nullable(),
      call: keptCallSchema.nullable(),
    }),
  ),
  other_calls: z.array(keptCallSchema).meta({ description: 'Kept, but without effect: repeated, stale, refused.' }),
  reward: z.object({ entries: z.array(entrySchema), net: shared.moneySchema.nullable() }),
  flags: z.array(flagSchema).meta({ description: 'What looks odd; flags stop nothing.' }),
  postbacks: z.array(postbackSchema),
});

const entryExample: z.output<typeof entrySchema> = {
  entry_id: 5,
  conversion_id: 'k3v9x2m7q1w8z5t4r6y0',
  seq: 3,
  partner_id: 'abcdefghigk',
  kind: 'booked',
  amount: 1250,
  currency: 'USD',
  price_version: 1,
  at: AT,
  line: 'reward',
  payout_id: null,
  payout_reference: null,
  paid_at: null,
};

const postbackExample: z.output<typeof postbackSchema> = {
  ...shared.postbackExample,
  ...{ partner_id: 'abcdefghigk', lead_id: 'mk2p7s3q1x9c4v6b8n0m5k7j', seq: 3 },
  attempts: [shared.attemptExample],
};

export const conversionExample: z.output<typeof conversionSchema> = {
  conversion_id: 'k3v9x2m7q1w8z5t4r6y0',
  seq: 2,
  created_at: '2026-01-31T09:14:30.000Z',
  offer: { offer_id: 'gold-card-7h3m2p', name: 'Gold card' },
  advertiser: { advertiser_id: 'first-bank-4f2k9x', name: 'First Bank' },
  status: 'approved',
  status_at: AT,
  won_by: {
    partner_id: 'abcdefghigk',
    seq: 3,
    at: AT,
    ref_id: '123456789abcd',
    why: `abcdefghigk had the last touch (event 1, 2026-01-31T09:14:00.000Z) before approved was recorded (event 3, ${AT}). No other partner had touched it.`,
  },
  statuses: [
    {
      seq: 3,
      status: 'approved',
      at: AT,
      reason: null,
      settled_with: 'abcdefghigk',
      settled_at: AT,
      price: {
        amount: 1250,
        currency: 'USD',
        version: 3,
        price_list_id: 7,
        tier_from: 100,
        counted: 136,
        cap: null,
        cap_limit: null,
        is_reapproval: false,
        why: '12.50 USD: the tier from 100, because it was the 137th approved conversion of advertiser First Bank in 2026-01 (Europe/Berlin); price list version 3.',
      },
      call: keptCallExample,
    },
  ],
  other_calls: [],
  reward: { entries: [entryExample], net: { amount: 1250, currency: 'USD' } },
  flags: [flagExample],
  postbacks: [postbackExample],
};
