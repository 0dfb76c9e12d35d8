import { z } from 'zod';
import { PUBLIC_ID } from '../../domain/ids.ts';
import { currencies } from '../../domain/money.ts';
import { checkOfferUrl, offerMacros } from '../../domain/offer-url.ts';
import { limitSchema } from './number-schemas.ts';
import { postbackSchema } from './postback-settings-schema.ts';
import { vocabularySchema } from './vocabulary-schema.ts';
import { descriptionSchema, nameSchema, publicIdSchema, templateUrl } from './text-schemas.ts';

const AMOUNT_RULE = 'must be a whole number of minor units, 0 or more: 1250 is 12.50 USD';

const stateSchema = z.enum(['active', 'paused']).meta({ description: 'Paused: as if it did not exist, for visitors.' });

const AMOUNT_TEXT = /^[0-9]{1,15}$/;

function isAmount(given: number | string): boolean {
  return typeof given === 'string' ? AMOUNT_TEXT.test(given) : Number.isSafeInteger(given) && given >= 0;
}

const rewardSchema = z
  .strictObject({
    amount: z
      .union([z.number(), z.string()], { error: AMOUNT_RULE })
      .refine((amount) => isAmount(amount), { error: AMOUNT_RULE })
      .transform(Number)
      .meta({
        description: 'Integer of minor units: 1250 is 12.50 USD.',
        override: {
          anyOf: [
            { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
            { type: 'string', pattern: AMOUNT_TEXT.source },
          ],
        },
      }),
    currency: z
      .enum(currencies, { error: 'must be an ISO 4217 code in upper case, such as USD' })
      .meta({ example: 'USD' }),
  })
  .meta({ id: 'Reward' });

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
