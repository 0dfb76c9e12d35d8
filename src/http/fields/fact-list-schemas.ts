import { z } from 'zod';
import { conversionStatuses } from '../../db/reports/conversion-list.ts';
import { leadStatuses } from '../../db/reports/lead-list.ts';
import { postbackStates } from '../../db/postbacks.ts';
import { statuses } from '../../domain/status.ts';
import { idFilter, momentFilter, refIdFilter, TIME_AND_ID } from './filters.ts';
import { limitSchema } from './number-schemas.ts';
import { cursorSchema } from '../protocol/cursor.ts';

const commonFilters = {
  advertiser_id: idFilter,
  offer_id: idFilter,
  from: momentFilter.meta({ description: 'Created then or later.' }),
  to: momentFilter.meta({ description: 'Created before.' }),
  limit: limitSchema,
};

// Of leads and conversions.
const ID = /^[\w-]{1,64}$/;

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
