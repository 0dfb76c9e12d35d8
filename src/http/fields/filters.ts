import { z } from 'zod';
import { oneLine } from './text-schemas.ts';

const MAX_ID = 64;
const MAX_REF_ID = 32;
const LAST_MOMENT_MS = Date.UTC(10_000, 0) - 1;

/** A text to look for; what nobody can have stored is refused. */
function wantedText(maxLength: number) {
  const error = `must be 1 to ${maxLength} characters, without control characters`;
  const line = oneLine(maxLength);
  const isLine = (text: string) => text !== '' && [...text].length <= maxLength && new RegExp(line.pattern).test(text);
  return z
    .string({ error })
    .refine((text) => isLine(text) && text.isWellFormed(), { error })
    .meta({ override: line });
}

const MOMENT_RULE = 'must be a time in ISO 8601, such as 2026-01-31T09:15:00Z';
/** A moment in a query, as ISO 8601 UTC. */
export const momentFilter = z.iso
  .datetime({ offset: true, error: MOMENT_RULE, abort: true })
  .transform((text) => Date.parse(text))
  .refine((timeMs) => timeMs >= 0 && timeMs <= LAST_MOMENT_MS, { error: MOMENT_RULE })
  .transform((timeMs) => new Date(timeMs).toISOString())
  .meta({ override: { pattern: undefined }, example: '2026-01-31T09:15:00Z' })
  .optional();

export const idFilter = wantedText(MAX_ID).optional();
export const refIdFilter = wantedText(MAX_REF_ID).optional();

/** What a cursor of postbacks stands for: the time of the last one in microseconds, and its id. */
export const TIME_AND_ID = /^\d{1,16} [\w-]{1,64}$/;
