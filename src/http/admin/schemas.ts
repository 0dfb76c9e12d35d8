import { z } from 'zod';
import { statusCallResults } from '../../db/reports/status-calls.ts';
import { isReservedWord, PUBLIC_ID, reservedWords } from '../../domain/ids.ts';
import { isCurrency } from '../../domain/money.ts';
import { statuses, type Status } from '../../domain/status.ts';
import { AppError, type FieldProblem } from '../../errors.ts';

const MAX_PAGE = 200;
const USUAL_PAGE = 50;
const ID_RULE = '3 to 40 lower-case letters, digits, "-" or "_", beginning with a letter or digit';
const AMOUNT_RULE = 'must be a whole number of minor units, 0 or more: 1250 is 12.50 USD';

const publicIdSchema = z
  .string()
  .regex(PUBLIC_ID, { error: `must be ${ID_RULE}`, abort: true })
  .refine((id) => !isReservedWord(id), { error: ({ input }) => `"${String(input)}" is reserved: choose another id` })
  .meta({
    description: `Yours if you give one and it is free: ${ID_RULE}; not a word of our own routes.`,
    example: 'abcdefghigk',
    override: { not: { enum: reservedWords.filter((word) => PUBLIC_ID.test(word)) } },
  });

const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .refine((name) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name) && name.isWellFormed(), {
    error: 'must not contain control characters',
  });

const descriptionSchema = z
  .string()
  .max(1000)
  .refine((text) => !/[^\P{Cc}\n\r\t]/u.test(text) && text.isWellFormed(), {
    error: 'must not contain control characters',
  })
  .meta({ description: 'Shown to visitors on the offer wall.' });

const stateSchema = z.enum(['active', 'paused']).meta({ description: 'Paused: as if it did not exist, for visitors.' });

const byStatus = <Value extends z.ZodType>(value: Value) =>
  z.strictObject(
    Object.fromEntries(statuses.map((status) => [status, value.optional()])) as Record<Status, z.ZodOptional<Value>>,
  );

const postbackSchema = z
  .strictObject({
    url: z.string().meta({
      description: 'With macros in path or query, such as {ref_id} and {status}.',
      example: 'https://tracker.example/postback?cid={ref_id}&status={status}',
    }),
    method: z.enum(['GET', 'POST']).default('GET'),
    body: z.enum(['form', 'json']).nullable().default(null).meta({ description: 'For POST; null is form.' }),
    statuses: z
      .array(z.enum(statuses))
      .default([...statuses])
      .meta({ description: 'Which statuses are sent.' }),
    status_words: byStatus(z.string()).default({}).meta({ description: 'Own words for the statuses.' }),
    status_urls: byStatus(z.string()).default({}).meta({ description: 'Own URLs for single statuses.' }),
    handover: z.boolean().default(false).meta({
      description:
        'Send rejected with reason reattributed when a lead that it was told pending for was won by another partner.',
    }),
  })
  .meta({ id: 'PostbackSettings' });

const AMOUNT_TEXT = /^\d{1,15}$/;

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
      .string()
      .refine(isCurrency, { error: 'must be an ISO 4217 code in upper case, such as USD' })
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

const offerUrlSchema = z.string().meta({
  description: 'Where visitors are sent; must contain {conversion_id}.',
  example: 'https://shop.example/?click={conversion_id}',
});

export const newOfferSchema = z.strictObject({
  advertiser_id: z.string(),
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

export const pageSchema = z.strictObject({
  limit: wholeNumber(1, MAX_PAGE).default(USUAL_PAGE),
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

export const statusCallPageSchema = pageSchema.extend({
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional().meta({ description: 'The `next` of the page before.' }),
  result: z.enum(statusCallResults).optional(),
});

// A story is told in the process that serves clicks, so a page is made within milliseconds.
const MAX_STORY_PAGE = 500;
const USUAL_STORY_PAGE = 200;
const MAX_SEQ = 2 ** 31 - 1;

export const storyPageSchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_STORY_PAGE).default(USUAL_STORY_PAGE).meta({
    description: 'How many events; all that is known of their conversions is told with them.',
  }),
  after: z.coerce.number().int().min(0).max(MAX_SEQ).default(0).meta({ description: 'The `next` of the page before.' }),
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
