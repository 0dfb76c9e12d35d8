import { z } from 'zod';
import { isTimeZone } from '../../domain/time-zone.ts';
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

const DATE_OR_MOMENT_RULE = 'must be a date, such as 2026-01-31, or a time in ISO 8601, such as 2026-01-31T09:15:00Z';

/** A moment as above; or a date, for the beginning of that day. */
export const dateOrMomentFilter = z
  .union(
    [
      z.iso
        .date({ error: DATE_OR_MOMENT_RULE })
        .refine((date) => date >= '1970-01-02', { error: DATE_OR_MOMENT_RULE })
        .meta({ override: { pattern: undefined } }),
      momentFilter.unwrap(),
    ],
    { error: DATE_OR_MOMENT_RULE },
  )
  .optional();

const TIME_ZONE_RULE = 'must be the IANA name of a time zone, such as Europe/Berlin';

export const timeZoneSchema = z
  .string({ error: TIME_ZONE_RULE })
  .max(64, { error: TIME_ZONE_RULE, abort: true })
  .refine(isTimeZone, { error: TIME_ZONE_RULE })
  .meta({ description: 'IANA.', example: 'Europe/Berlin' });

/** The time zone that days are meant in. */
export const timeZoneFilter = timeZoneSchema
  .meta({ description: 'IANA, for days and dates; UTC when left out.', example: 'Europe/Berlin' })
  .default('UTC');

export const idFilter = wantedText(MAX_ID).optional();
export const refIdFilter = wantedText(MAX_REF_ID).optional();

/** What a cursor of postbacks stands for: the time of the last one in microseconds, and its id. */
export const TIME_AND_ID = /^\d{1,16} [\w-]{1,64}$/;
