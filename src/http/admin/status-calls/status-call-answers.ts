import { z } from 'zod';
import { statusCallResults, statusSources } from '../../../db/reports/status-calls.ts';
import { statuses } from '../../../domain/status.ts';
import { meanings } from '../../../domain/vocabulary.ts';
import type { StatusAnswer } from '../../../intake/status.ts';
import { verdicts, type StatusCallView } from '../../../stories/status-call-view.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';
import { refusedSchema } from '../access/access-openapi.ts';
import { pageOf } from '../lists/list-answers.ts';

const AT = '2026-01-31T09:15:00.000Z';
const CONVERSION_ID = 'k3v9x2m7q1w8z5t4r6y0';
const ADVERTISER_ID = 'first-bank-4f2k9x';

const rawSchema = z.unknown().meta({
  description: 'What the advertiser sent, except its token.',
  override: { type: 'object' },
});

/** A kept call as a story shows it, beside the conversion that it names. */
export const keptCallSchema = z.object({
  call_id: z.int(),
  at: momentSchema,
  source: z.enum(statusSources).meta({ description: 'Who brought it: a call, a row of a file, or ops themselves.' }),
  import: z
    .object({ import_id: z.string(), row_number: z.int(), file_name: z.string().nullable() })
    .nullable()
    .meta({ description: 'The file and its row, numbered from 1 without the header; null for what is no row.' }),
  word: z.string().nullable().meta({ description: "The advertiser's word, trimmed and in lower case." }),
  status: z.enum(statuses).nullable().meta({ description: 'What the word was taken for; null: for no status.' }),
  result: z.enum(statusCallResults),
  accepted_at: momentSchema.nullable().meta({ description: 'When ops accepted it although it was late.' }),
  rejudged_at: momentSchema.nullable().meta({ description: 'When it was judged once more.' }),
  raw: rawSchema,
});

const plainCallExample = {
  call_id: 17,
  at: AT,
  source: 'call' as const,
  word: 'sale',
  status: 'approved' as const,
  result: 'recorded' as const,
  accepted_at: null,
  rejudged_at: null,
  raw: { method: 'GET', query: { click_id: CONVERSION_ID, state: 'Sale' }, body: null },
};

export const keptCallExample: z.output<typeof keptCallSchema> = { ...plainCallExample, import: null };

const statusCallSchema = keptCallSchema.omit({ import: true }).extend({
  import_id: z.string().nullable().meta({ description: 'The import that it is a row of; null for what is no row.' }),
  row_number: z.int().nullable(),
  advertiser_id: z.string(),
  conversion_id: z.string().nullable().meta({ description: 'As it was named; there may be no such conversion.' }),
  transaction_id: z.string().nullable(),
  lead_id: z.string().nullable(),
  seq: z.int().nullable().meta({ description: 'Of the event that it became; null when it became none.' }),
  verdict: z.enum(verdicts),
  repair: z
    .enum(['rejudge', 'accept'])
    .nullable()
    .meta({ description: 'What may be done about it: judge it again, or accept it late.' }),
  explanation: z.string().meta({ description: 'What became of it and what to do, in a sentence.' }),
}) satisfies z.ZodType<StatusCallView>;

const statusCallExample: z.output<typeof statusCallSchema> = {
  ...plainCallExample,
  import_id: null,
  row_number: null,
  word: 'sold',
  status: null,
  result: 'unknown_word',
  advertiser_id: ADVERTISER_ID,
  conversion_id: CONVERSION_ID,
  transaction_id: null,
  lead_id: null,
  seq: null,
  verdict: 'refused',
  repair: 'rejudge',
  explanation: '"sold" is no word that we know of this advertiser. Say what it means, and its calls are applied.',
};

const refusedCalls = z
  .array(refusedSchema.extend({ advertiser_id: z.string() }))
  .optional()
  .meta({
    description: 'Only with `result=bad_token`: how many calls there were without a proof, the latest hour first.',
  });

export const statusCallsAnswer = pageOf(statusCallSchema, statusCallExample, { refused_calls: refusedCalls });
export const statusCallAnswer = defineAnswer(statusCallSchema, statusCallExample);

const judgedSchema = z.object({
  call_id: z.int(),
  conversion_id: z.string().nullable(),
  status: z.enum(statuses).nullable().meta({ description: 'What its word was taken for.' }),
  result: z.enum(statusCallResults),
});

export const rejudgedCallAnswer = defineAnswer(judgedSchema, {
  call_id: 17,
  conversion_id: CONVERSION_ID,
  status: 'approved',
  result: 'recorded',
});

const transitions = ['recorded', 'duplicate', 'stale'] as const satisfies StatusAnswer['result'][];

export const acceptedCallAnswer = defineAnswer(
  z.object({
    call_id: z.int(),
    conversion_id: z.string(),
    status: z.enum(statuses),
    result: z.enum(transitions),
  }),
  { call_id: 17, conversion_id: CONVERSION_ID, status: 'approved', result: 'recorded' },
);

export const statusByOpsAnswer = defineAnswer(
  z.object({ conversion_id: z.string(), status: z.enum(statuses), result: z.enum(transitions) }),
  { conversion_id: CONVERSION_ID, status: 'rejected', result: 'recorded' },
);

const unknownWordSchema = z.object({
  advertiser_id: z.string(),
  advertiser_name: z.string(),
  word: z.string().meta({ description: 'Trimmed and in lower case.' }),
  count: z.int().meta({ description: 'How many calls are kept for it; at most 10,000 are counted.' }),
  first_seen: momentSchema,
  last_seen: momentSchema,
  meaning: z
    .enum(meanings)
    .nullable()
    .meta({ description: 'What it means by now; then its calls are only to be applied. Null: nobody has said.' }),
  suggestion: z
    .enum(statuses)
    .nullable()
    .meta({ description: 'What most networks mean by it; never given for digits.' }),
});

export const unknownWordsAnswer = pageOf(unknownWordSchema, {
  advertiser_id: ADVERTISER_ID,
  advertiser_name: 'First Bank',
  word: 'sale',
  count: 12,
  first_seen: AT,
  last_seen: AT,
  meaning: null,
  suggestion: 'approved',
});

/** What became of the calls that were kept for a word. */
export const appliedFields = {
  applied: z.int().meta({ description: 'How many kept calls were recorded.' }),
  not_applied: z.int().meta({ description: 'How many were judged and changed nothing; `results` says why.' }),
  results: z.partialRecord(z.enum(statusCallResults), z.int()),
  waiting: z.int().meta({ description: 'How many are left because they were too many; ask again to go on.' }),
};

export const appliedExample = {
  applied: 9,
  not_applied: 3,
  results: { recorded: 9, duplicate: 1, window_closed: 2 },
  waiting: 0,
} satisfies z.output<z.ZodObject<typeof appliedFields>>;

export const mappedWordAnswer = defineAnswer(
  z.object({ advertiser_id: z.string(), word: z.string(), status: z.enum(meanings), ...appliedFields }),
  { advertiser_id: ADVERTISER_ID, word: 'sale', status: 'approved', ...appliedExample },
);
