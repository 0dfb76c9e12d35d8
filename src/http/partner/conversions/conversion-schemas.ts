import { z } from 'zod';
import { partnerConversionStatuses } from '../../../db/reports/partner-conversions.ts';
import { momentFilter, refIdFilter } from '../../fields/filters.ts';
import { cursorSchema } from '../../protocol/cursor.ts';
import { listLimitSchema } from '../../fields/lists.ts';

const CONVERSION_ID = /^[\w-]{1,64}$/;

export const conversionListSchema = z.strictObject({
  status: z
    .enum(partnerConversionStatuses)
    .optional()
    .meta({ description: 'The last one that concerns you; `none`: there was none yet.' }),
  ref_id: refIdFilter.meta({ description: 'Of any of your visits.' }),
  from: momentFilter.meta({ description: 'Created then or later.' }),
  to: momentFilter.meta({ description: 'Created before.' }),
  limit: listLimitSchema,
  cursor: cursorSchema(CONVERSION_ID).optional(),
});

export const conversionPath = z.object({ conversion_id: z.string() });
