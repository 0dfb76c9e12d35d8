import { z } from 'zod';
import { statusFieldNames } from '../../domain/status-call.ts';
import { statuses } from '../../domain/status.ts';
import { MAX_WORDS, meanings, parseVocabulary, type Vocabulary } from '../../domain/vocabulary.ts';
import { oneLine } from './text-schemas.ts';

const MAX_LENGTH = 64;
const parameterName = { type: 'string', ...oneLine(MAX_LENGTH) } as const;

/** How an advertiser speaks; judged by the domain, which knows more of it than JSON Schema can say. */
export const vocabularySchema = z
  .unknown()
  .transform((given, context): Vocabulary => {
    const parsed = parseVocabulary(given);
    if (!('problems' in parsed)) return parsed;
    // The field stands in the message too: a word may hold dots.
    for (const { field, message } of parsed.problems) {
      context.addIssue({ code: 'custom', path: field === '' ? [] : [field], message });
    }
    return z.NEVER;
  })
  .meta({
    id: 'Vocabulary',
    override: {
      type: 'object',
      additionalProperties: false,
      properties: {
        words: {
          type: 'object',
          description: 'What its words mean; case and surrounding blanks make no difference. Ours hold beside them.',
          maxProperties: MAX_WORDS,
          additionalProperties: { enum: [...meanings] },
        },
        default_status: {
          enum: [...statuses, null],
          description: 'What a call without a word for the status means; null: it is malformed.',
        },
        parameters: {
          type: 'object',
          description: 'Its names of our parameters; ours stay valid unless another field is called so.',
          additionalProperties: false,
          properties: Object.fromEntries(statusFieldNames.map((field) => [field, parameterName])),
        },
      },
      examples: [
        {
          words: { lead: 'pending', sale: 'approved', trash: 'rejected', test: 'ignore' },
          default_status: null,
          parameters: { conversion_id: 'click_id', status: 'state' },
        },
      ],
    },
  });

/** The same as answers show it. */
export const shownVocabularySchema = z.object({
  words: z.record(z.string(), z.enum(meanings)),
  default_status: z.enum(statuses).nullable(),
  parameters: z.partialRecord(z.enum(statusFieldNames), z.string()),
}) satisfies z.ZodType<Vocabulary>;
