import { z } from 'zod';
import { PUBLIC_ID } from '../../domain/ids.ts';
import { beyondCap } from '../../domain/offer-cap.ts';
import { checkTiers, countedBy, MAX_TIERS } from '../../domain/price-list.ts';
import { pricePeriods } from '../../domain/price-period.ts';
import type { OfferCap } from '../../domain/offer-cap.ts';
import type { PriceListDraft } from '../../db/prices/price-lists.ts';
import { dateOrMomentFilter, timeZoneSchema } from './filters.ts';
import { amountSchema, currencySchema } from './money-schemas.ts';

/** What a counter can reach at most. */
const MOST_CONVERSIONS = 2 ** 31 - 1;

const tierSchema = z.strictObject({
  from: z
    .int()
    .min(0)
    .max(MOST_CONVERSIONS)
    .meta({ description: 'How many are approved before it in the period: 5 begins with the sixth.' }),
  amount: amountSchema,
});

export const newPriceListSchema = z.strictObject({
  effective_from: dateOrMomentFilter.meta({
    description:
      'When it begins to apply: a moment, or a date for its beginning in the time zone; at once when left out. In the past only if nothing was approved since.',
  }),
  currency: currencySchema.meta({ description: "The offer's." }),
  tiers: z
    .array(tierSchema)
    .min(1, { abort: true })
    .max(MAX_TIERS, { abort: true })
    .superRefine((tiers, context) => {
      const message = checkTiers(tiers);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .meta({ description: 'The first from 0, each from more than the one before.' }),
  counts: z.enum(countedBy).meta({ description: 'Whose approved conversions count, whoever won them.' }),
  period: z.enum(pricePeriods).meta({ description: 'How long they are counted; weeks begin on Monday.' }),
  time_zone: timeZoneSchema.meta({ description: 'IANA; the one in which a period begins.', example: 'Europe/Berlin' }),
  partner_id: z
    .string()
    .regex(PUBLIC_ID, { error: 'is no id of a partner' })
    .nullish()
    .meta({ description: 'For this partner alone; it goes before the list for all.' }),
});

export const previewSchema = newPriceListSchema.extend({
  from: dateOrMomentFilter.meta({
    description: 'A date of the time zone, or a moment; 30 days before `to` when left out.',
  }),
  to: dateOrMomentFilter.meta({ description: 'Before this one; now when left out.' }),
  by_partner: z.boolean().default(false).meta({ description: 'Also for each partner.' }),
});

const LIMIT_RULE = 'must be a whole number, 1 or more';
const limitSchema = z
  .int({ error: LIMIT_RULE })
  .min(1, { error: LIMIT_RULE })
  .max(MOST_CONVERSIONS, { error: LIMIT_RULE })
  .nullish();

export const capSchema = z
  .strictObject({
    day: limitSchema.meta({ description: 'How many conversions may be approved a day.' }),
    total: limitSchema.meta({ description: 'How many in all.' }),
    time_zone: timeZoneSchema
      .meta({ description: 'IANA; the one in which a day begins. UTC when left out.', example: 'Europe/Berlin' })
      .default('UTC'),
    beyond: z.enum(beyondCap).meta({
      description:
        '`pay_nothing`: further conversions are approved and bring nobody anything. `close_offer`: it is taken from walls and links; what was clicked before is still paid.',
    }),
  })
  .refine(({ day, total }) => typeof day === 'number' || typeof total === 'number', {
    path: ['day'],
    error: 'give `day`, `total` or both',
  });

export function toDraft(given: z.output<typeof newPriceListSchema>): PriceListDraft {
  const { effective_from: effectiveFrom, time_zone: timeZone, partner_id: partnerId, ...terms } = given;
  return { ...terms, effectiveFrom, timeZone, partnerId };
}

export function toCap({ day, total, time_zone: timeZone, beyond }: z.output<typeof capSchema>): OfferCap {
  return { day: day ?? null, total: total ?? null, timeZone, beyond };
}
