import { z } from 'zod';
import { conversionStatuses } from '../../../db/reports/conversion-list.ts';
import { leadStatuses } from '../../../db/reports/lead-list.ts';
import { postbackStates } from '../../../db/postbacks.ts';
import { statuses } from '../../../domain/status.ts';
import { cursorSchema } from '../../protocol/cursor.ts';
import { limitSchema } from '../schemas.ts';
import { oneLine } from '../text-schemas.ts';

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
const momentFilter = z.iso
  .datetime({ offset: true, error: MOMENT_RULE, abort: true })
  .transform((text) => Date.parse(text))
  .refine((timeMs) => timeMs >= 0 && timeMs <= LAST_MOMENT_MS, { error: MOMENT_RULE })
  .transform((timeMs) => new Date(timeMs).toISOString())
  .meta({ override: { pattern: undefined }, example: '2026-01-31T09:15:00Z' })
  .optional();

const idFilter = wantedText(MAX_ID).optional();
const refIdFilter = wantedText(MAX_REF_ID).optional();

const commonFilters = {
  advertiser_id: idFilter,
  offer_id: idFilter,
  from: momentFilter.meta({ description: 'Created then or later.' }),
  to: momentFilter.meta({ description: 'Created before.' }),
  limit: limitSchema,
};

// Ids of leads and conversions, and the time of a postback in microseconds with its id.
const ID = /^[\w-]{1,64}$/;
const TIME_AND_ID = /^\d{1,16} [\w-]{1,64}$/;

export const leadListSchema = z.strictObject({
  partner_id: idFilter.meta({ description: 'The linked partner, or `house`.' }),
  ref_id: refIdFilter.meta({ description: 'Of any touch of the lead.' }),
  status: z.enum(leadStatuses).optional().meta({
    description: 'The last status of the lead; without one it is open, or expired after its window.',
  }),
  ...commonFilters,
  cursor: cursorSchema(ID).optional(),
});

export const conversionListSchema = z.strictObject({
  partner_id: idFilter.meta({ description: 'Who won it, else who is linked to its lead now; or `house`.' }),
  ref_id: refIdFilter.meta({ description: 'Of any touch of its lead.' }),
  status: z.enum(conversionStatuses).optional().meta({ description: '`none`: nothing was reported yet.' }),
  ...commonFilters,
  cursor: cursorSchema(ID).optional(),
});

export const postbackListSchema = z.strictObject({
  partner_id: idFilter.meta({ description: 'Whom it tells, or `house`.' }),
  ref_id: refIdFilter,
  conversion_id: idFilter,
  state: z.enum(postbackStates).optional(),
  status: z.enum(statuses).optional().meta({ description: 'The status that it tells of.' }),
  ...commonFilters,
  cursor: cursorSchema(TIME_AND_ID).optional(),
});
