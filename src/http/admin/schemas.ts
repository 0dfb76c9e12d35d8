import { z } from 'zod';
import { statusCallResults } from '../../db/reports/status-calls.ts';
import { PUBLIC_ID } from '../../domain/ids.ts';
import { currencies } from '../../domain/money.ts';
import { checkOfferUrl, offerMacros } from '../../domain/offer-url.ts';
import { AppError, type FieldProblem } from '../../errors.ts';
import { postbackSchema } from './catalogue/postback-schema.ts';
import { descriptionSchema, nameSchema, publicIdSchema, templateUrl } from './text-schemas.ts';

const MAX_PAGE = 200;
const USUAL_PAGE = 50;
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

export const advertiserPatchSchema = z.strictObject({ name: nameSchema.optional(), state: stateSchema.optional() });

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

/** A whole number in a query, where everything is text. */
function wholeNumber(minimum: number, maximum: number) {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  return z
    .string({ error })
    .regex(/^\d{1,16}$/, { error, abort: true })
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, { error })
    .meta({ override: { type: 'integer', pattern: undefined, minimum, maximum } });
}

export const limitSchema = wholeNumber(1, MAX_PAGE).default(USUAL_PAGE);

export const pageSchema = z.strictObject({
  limit: limitSchema,
  after: z.string().max(64).optional().meta({ description: 'The `next` of the page before.' }),
});

const MAX_WAIT_SECONDS = 30;

export const waitSchema = z.strictObject({
  wait: wholeNumber(0, MAX_WAIT_SECONDS).default(0).meta({
    description:
      'Seconds to wait until all statuses are settled and no attempt of a postback is under way or due in that time.',
  }),
});

export const offerPageSchema = pageSchema.extend({ advertiser_id: z.string().max(64).optional() });

export const callIdSchema = wholeNumber(1, Number.MAX_SAFE_INTEGER);

export const statusCallPageSchema = pageSchema.extend({
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional().meta({ description: 'The `next` of the page before.' }),
  result: z.enum(statusCallResults).optional(),
});

// A story is told in the process that serves clicks, so a page is made within milliseconds.
const MAX_STORY_PAGE = 500;
const USUAL_STORY_PAGE = 200;
const MAX_SEQ = 2 ** 31 - 1;

export const storyPageSchema = z.strictObject({
  limit: wholeNumber(1, MAX_STORY_PAGE).default(USUAL_STORY_PAGE).meta({
    description: 'How many events; all that is known of their conversions is told with them.',
  }),
  after: wholeNumber(0, MAX_SEQ).default(0).meta({ description: 'The `next` of the page before.' }),
});

/** What a caller sent, as the schema understands it. @throws AppError `invalid` naming each field that is wrong */
export function readWith<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw refuseFields(parsed.error.issues.flatMap(toProblems));
}

export function refuseFields(problems: FieldProblem[]): AppError {
  const text = problems.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`)).join('; ');
  return new AppError('invalid', text, { problems });
}

function toProblems(issue: z.core.$ZodIssue): FieldProblem[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), message: 'is not a known field' }));
  }
  if (path === '') return [{ field: '', message: 'send a JSON object with Content-Type application/json' }];
  return [{ field: path, message: issue.message.endsWith('received undefined') ? 'is missing' : issue.message }];
}
