import { z } from 'zod';
import type { OfferCapRecord } from '../../../db/prices/offer-caps.ts';
import type { PriceListRecord } from '../../../db/prices/price-lists.ts';
import { leftOutReasons, type PricePreview } from '../../../db/prices/price-previews.ts';
import { beyondCap, capReasons } from '../../../domain/offer-cap.ts';
import { countedBy, priceListStates } from '../../../domain/price-list.ts';
import { pricePeriods } from '../../../domain/price-period.ts';
import { tellCap } from '../../../stories/price-words.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';

const AT = '2026-01-31T09:15:00.000Z';
const tier = { from: z.int(), amount: z.int().meta({ description: 'Minor units.' }) };

const listSchema = z.object({
  list_id: z.int(),
  offer_id: z.string(),
  partner_id: z.string().nullable().meta({ description: 'Null: for every partner that has no list of its own.' }),
  version: z.int().meta({ description: 'Of the lists for all, or of those for this partner.' }),
  effective_from: momentSchema,
  currency: z.string(),
  tiers: z.array(z.object(tier)),
  counts: z.enum(countedBy),
  period: z.enum(pricePeriods),
  time_zone: z.string(),
  created_at: momentSchema,
  state: z
    .enum(priceListStates)
    .meta({ description: '`superseded`: a later version begins at the same moment, so it never applies any more.' }),
}) satisfies z.ZodType<PriceListRecord>;

const listExample: z.output<typeof listSchema> = {
  list_id: 7,
  offer_id: 'gold-card-7h3m2p',
  partner_id: null,
  version: 3,
  effective_from: AT,
  currency: 'USD',
  tiers: [
    { from: 0, amount: 1000 },
    { from: 100, amount: 1200 },
  ],
  counts: 'advertiser',
  period: 'month',
  time_zone: 'Europe/Berlin',
  created_at: AT,
  state: 'current',
};

export const priceListAnswer = defineAnswer(listSchema, listExample);
export const priceListsAnswer = defineAnswer(z.object({ offer_id: z.string(), price_lists: z.array(listSchema) }), {
  offer_id: 'gold-card-7h3m2p',
  price_lists: [listExample],
});

const sums = {
  conversions: z.int(),
  was: z.int().meta({ description: 'What they cost, in minor units.' }),
  would_be: z.int().meta({ description: 'What they would have cost.' }),
};

const previewSchema = z.object({
  offer_id: z.string(),
  from: momentSchema,
  to: momentSchema,
  currency: z.string(),
  approved: z.int().meta({ description: 'First approvals of the time.' }),
  left_out: z.object(Object.fromEntries(leftOutReasons.map((reason) => [reason, z.int()]))).meta({
    description:
      'Compared with nothing: `house`, nobody earned anything; `reversed`, the reward is revoked; `other_list`, the partner had a list of its own, or the draft is for another one; `other_currency`; `unsettled`, approved just now.',
  }),
  ...sums,
  tiers: z.array(z.object({ ...tier, ...sums })),
  partners: z
    .array(z.object({ partner_id: z.string(), partner_name: z.string(), ...sums }))
    .nullable()
    .meta({ description: 'With the most conversions first, 100 at most; null unless `by_partner` is true.' }),
  is_complete: z.boolean().meta({ description: 'False when there are more partners.' }),
});

export const previewAnswer = defineAnswer(previewSchema, {
  offer_id: 'gold-card-7h3m2p',
  from: '2026-01-01T09:15:00.000Z',
  to: AT,
  currency: 'USD',
  approved: 160,
  left_out: { house: 4, reversed: 6, other_list: 0, other_currency: 0, unsettled: 0 },
  conversions: 150,
  was: 150_000,
  would_be: 160_000,
  tiers: [
    { from: 0, amount: 1000, conversions: 100, was: 100_000, would_be: 100_000 },
    { from: 100, amount: 1200, conversions: 50, was: 50_000, would_be: 60_000 },
  ],
  partners: null,
  is_complete: true,
} satisfies PricePreview);

const capSchema = z.object({
  day: z.int().nullable(),
  total: z.int().nullable(),
  time_zone: z.string(),
  beyond: z.enum(beyondCap),
  approved_today: z.int(),
  approved_in_all: z.int(),
  reached: z.enum(capReasons).nullable().meta({ description: 'Which is used up; null while there is room.' }),
  closed_at: momentSchema.nullable().meta({ description: 'When it was taken from walls and links.' }),
  closed_until: momentSchema.nullable().meta({ description: 'Null: not closed, or until the cap is changed.' }),
  says: z.string().meta({ description: 'All of it in a sentence or two.' }),
});

export function viewCap(offerId: string, cap: OfferCapRecord | null) {
  return { offer_id: offerId, cap: cap && viewRecord(cap) };
}

function viewRecord(cap: OfferCapRecord): z.output<typeof capSchema> {
  return {
    day: cap.day,
    total: cap.total,
    time_zone: cap.timeZone,
    beyond: cap.beyond,
    approved_today: cap.approvedToday,
    approved_in_all: cap.approvedInAll,
    reached: cap.reached,
    closed_at: cap.closedAt,
    closed_until: cap.closedUntil,
    says: tellCap(cap),
  };
}

export const capAnswer = defineAnswer(z.object({ offer_id: z.string(), cap: capSchema.nullable() }), {
  ...viewCap('gold-card-7h3m2p', {
    day: 100,
    total: null,
    timeZone: 'Europe/Berlin',
    beyond: 'pay_nothing',
    approvedToday: 37,
    approvedInAll: 4120,
    reached: null,
    closedAt: null,
    closedUntil: null,
  }),
});
