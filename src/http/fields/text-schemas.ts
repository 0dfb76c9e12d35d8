import { z } from 'zod';
import { isReservedWord, PUBLIC_ID, reservedWords } from '../../domain/ids.ts';
import { MAX_URL_LENGTH } from '../../domain/web-url.ts';

// Inside of brackets: as JSON Schema is read in many languages, without \p and \s, which differ between them.
const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029';
const CONTROLS_IN_LINES = '\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f';
const BLANKS = ' \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000\\ufeff';

const ONE_LINE = `^[^${CONTROLS}]*$`;
const ID_RULE = '3 to 40 lower-case letters, digits, "-" or "_", beginning with a letter or digit';
const NO_CONTROLS = { error: 'must not contain control characters' };

export const publicIdSchema = z
  .string()
  .regex(PUBLIC_ID, { error: `must be ${ID_RULE}`, abort: true })
  .refine((id) => !isReservedWord(id), { error: ({ input }) => `"${String(input)}" is reserved: choose another id` })
  .meta({
    description: `Yours if you give one and it is free: ${ID_RULE}; not a word of our own routes.`,
    example: 'abcdefghigk',
    override: { not: { enum: reservedWords.filter((word) => PUBLIC_ID.test(word)) } },
  });

/** What JSON Schema says of a text that stands in one line. */
export const oneLine = (maxLength: number) => ({ minLength: 1, maxLength, pattern: ONE_LINE });

const NAME_LENGTH = 120;

export const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(NAME_LENGTH)
  .refine((name) => new RegExp(ONE_LINE).test(name) && name.isWellFormed(), NO_CONTROLS)
  .meta({ override: { pattern: `^[^${CONTROLS}]*[^${CONTROLS}${BLANKS}][^${CONTROLS}]*$` } });

export const descriptionSchema = z
  .string()
  .max(1000)
  .regex(new RegExp(`^[^${CONTROLS_IN_LINES}]*$`), NO_CONTROLS)
  .refine((text) => text.isWellFormed(), NO_CONTROLS)
  .meta({ description: 'Shown to visitors on the offer wall.' });

/**
 * What JSON Schema can say of a URL with macros; `needed` must be among them, if it is given. The rest is judged by the
 * domain when the URL is saved.
 */
export function templateUrl(macros: readonly string[], needed?: readonly string[]) {
  const host = `[^${CONTROLS}${BLANKS}/?#@%\\\\{}]+`;
  const part = `(?:[^${CONTROLS}${BLANKS}%\\\\{}]|%[0-9A-Fa-f]{2}|${oneOf(macros)})*`;
  const rest = needed === undefined ? `(?:[/?#]${part})?` : `[/?]${part}${oneOf(needed)}${part}`;
  return { minLength: 1, maxLength: MAX_URL_LENGTH, pattern: `^[Hh][Tt][Tt][Pp][Ss]?://${host}${rest}$` };
}

function oneOf(macros: readonly string[]): string {
  return `\\{(?:${macros.join('|')})\\}`;
}
