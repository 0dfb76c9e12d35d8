import { z } from 'zod';
import { PUBLIC_ID } from '../../domain/ids.ts';
import { checkOfferUrl, offerMacros } from '../../domain/offer-url.ts';
import { amountSchema, currencySchema } from './money-schemas.ts';
import { limitSchema } from './number-schemas.ts';
import { postbackSchema } from './postback-settings-schema.ts';
import { proofsSchema } from './proofs-schema.ts';
import { vocabularySchema } from './vocabulary-schema.ts';
import { descriptionSchema, nameSchema, publicIdSchema, templateUrl } from './text-schemas.ts';

const stateSchema = z.enum(['active', 'paused']).meta({ description: 'Paused: as if it did not exist, for visitors.' });

const rewardSchema = z.strictObject({ amount: amountSchema, currency: currencySchema }).meta({ id: 'Reward' });

export const newPartnerSchema = z.strictObject({
  name: nameSchema,
  partner_id: publicIdSchema.optional(),
  postback: postbackSchema.nullable().optional(),
});

export const partnerPatchSchema = z.strictObject({
  name: nameSchema.optional(),
  state: stateSchema.optional(),
  postback: postbackSchema.nullable().optional().meta({ description: 'Replaces all settings; null removes them.' }),
});

export const newAdvertiserSchema = z.strictObject({ name: nameSchema, advertiser_id: publicIdSchema.optional() });

export const advertiserPatchSchema = z.strictObject({
  name: nameSchema.optional(),
  state: stateSchema.optional(),
  vocabulary: vocabularySchema.nullable().optional().meta({
    description: 'Its own words and names of parameters. Replaces the whole; null removes it.',
  }),
  proofs: proofsSchema.optional().meta({
    description: 'By what its calls show that they come from it; all that is asked for must hold.',
  }),
});

const WEEK_SECONDS = 7 * 24 * 60 * 60;

/** For a token or a secret that is replaced. */
export const rotationSchema = z.strictObject({
  keep_old_for_seconds: z
    .int({ error: 'must be a whole number of seconds' })
    .min(0)
    .max(WEEK_SECONDS)
    .default(0)
    .meta({ description: 'How long the one before it goes on beside it; a week at most.' }),
});

const offerUrlSchema = z
  .string()
  .superRefine((url, context) => {
    for (const { message } of checkOfferUrl(url)) context.addIssue({ code: 'custom', message });
  })
  .meta({
    description: 'Where visitors are sent; must contain {conversion_id}.',
    example: 'https://shop.example/?click={conversion_id}',
    override: templateUrl(offerMacros, ['conversion_id']),
  });

export const newOfferSchema = z.strictObject({
  advertiser_id: z.string().regex(PUBLIC_ID, { error: 'is no id of an advertiser' }),
  name: nameSchema,
  url: offerUrlSchema,
  reward: rewardSchema,
  description: descriptionSchema.optional(),
  offer_id: publicIdSchema.optional(),
});

export const offerPatchSchema = z.strictObject({
  name: nameSchema.optional(),
  state: stateSchema.optional(),
  url: offerUrlSchema.optional(),
  description: descriptionSchema.optional(),
  reward: rewardSchema.optional().meta({ description: 'Another reward counts for conversions approved from now on.' }),
});

export const pageSchema = z.strictObject({
  limit: limitSchema,
  after: z.string().max(64).optional().meta({ description: 'The `next` of the page before.' }),
});

export const offerPageSchema = pageSchema.extend({ advertiser_id: z.string().max(64).optional() });
