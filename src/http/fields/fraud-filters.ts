import { z } from 'zod';
import { flagKinds } from '../../domain/fraud-flag.ts';
import { cursorSchema } from '../protocol/cursor.ts';
import { idFilter, momentFilter } from './filters.ts';
import { listLimitSchema } from './lists.ts';

const filters = {
  kind: z.enum(flagKinds).optional(),
  partner_id: idFilter,
  conversion_id: idFilter,
  lead_id: idFilter,
  from: momentFilter.meta({ description: 'Flagged then or later.' }),
  to: momentFilter.meta({ description: 'Flagged before.' }),
};

/** Which flags are asked for. */
export const fraudFlagListSchema = z.strictObject({
  ...filters,
  limit: listLimitSchema,
  cursor: cursorSchema(/^\d{1,15}$/).optional(),
});

/** Which flags are summed up. */
export const fraudSummarySchema = z.strictObject(filters);
