import { z } from 'zod';
import { statusCallResults } from '../../db/reports/status-calls.ts';
import { statuses } from '../../domain/status.ts';
import { meanings, normaliseWord } from '../../domain/vocabulary.ts';
import { idFilter, momentFilter } from './filters.ts';
import { limitSchema } from './number-schemas.ts';
import { oneLine } from './text-schemas.ts';
import { cursorSchema } from '../protocol/cursor.ts';

/** What became of a call without a proof, whichever it lacked. */
export const BAD_TOKEN = 'bad_token';

const CALL_ID = /^\d{1,16}$/;
// An advertiser, how many of its words came before, and the word in base64url, as a cursor holds single bytes.
const WORD_PLACE = /^[\w-]{1,64} \d{1,9} [\w-]{1,1000}$/;
const MAX_WORD_CURSOR = 2000;

export const statusCallListSchema = z.strictObject({
  advertiser_id: idFilter,
  conversion_id: idFilter.meta({ description: 'As the advertiser named it, whether or not there is such a one.' }),
  result: z
    .enum([...statusCallResults, BAD_TOKEN])
    .optional()
    .meta({
      description:
        'What became of it. Calls with a bad token, signature or address are counted, not kept: `bad_token` answers with how many there were, hour by hour, in `refused_calls`.',
    }),
  from: momentFilter.meta({ description: 'Came then or later.' }),
  to: momentFilter.meta({ description: 'Came before.' }),
  limit: limitSchema,
  cursor: cursorSchema(CALL_ID).optional(),
});

export const unknownWordListSchema = z.strictObject({
  advertiser_id: idFilter,
  limit: limitSchema,
  cursor: cursorSchema(WORD_PLACE, MAX_WORD_CURSOR).optional(),
});

const WORD_RULE = 'must be a word of 1 to 64 characters';

export const mappedWordSchema = z.strictObject({
  advertiser_id: z.string().min(1).max(64),
  word: z
    .string({ error: WORD_RULE })
    .refine((word) => isWord(word), { error: WORD_RULE })
    .meta({ description: 'As it stands in the list.', override: oneLine(64) }),
  status: z.enum(meanings).meta({ description: 'What it means; `ignore`: its calls change nothing.' }),
});

function isWord(word: string): boolean {
  const normalised = normaliseWord(word);
  // As a vocabulary takes it that is given as a whole: what holds other characters could not be saved again.
  const isLine = [...word].length <= 64 && new RegExp(oneLine(64).pattern).test(word);
  return isLine && normalised !== '' && [...normalised].length <= 64 && normalised.isWellFormed();
}

const text = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .refine((given) => given.isWellFormed() && new RegExp(oneLine(longest).pattern).test(given), {
      error: 'must not contain control characters',
    });

export const statusByOpsSchema = z.strictObject({
  status: z.enum(statuses),
  reason: text(500).meta({ description: 'Why; partners hear it by {reason}.' }),
  comment: text(1000).optional().meta({ description: 'For ops alone.' }),
});
