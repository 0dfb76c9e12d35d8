import { z } from 'zod';
import { postbackStates } from '../../../db/postbacks.ts';
import { statuses } from '../../../domain/status.ts';
import { idFilter, momentFilter, refIdFilter, TIME_AND_ID } from '../../fields/filters.ts';
import { cursorSchema } from '../../protocol/cursor.ts';
import { listLimitSchema } from '../../fields/lists.ts';

export const postbackListSchema = z.strictObject({
  state: z.enum(postbackStates).optional(),
  status: z.enum(statuses).optional().meta({ description: 'The status that it tells of.' }),
  conversion_id: idFilter,
  ref_id: refIdFilter,
  from: momentFilter.meta({ description: 'Created then or later.' }),
  to: momentFilter.meta({ description: 'Created before.' }),
  limit: listLimitSchema,
  cursor: cursorSchema(TIME_AND_ID).optional(),
});

export const postbackPath = z.object({ postback_id: z.string() });
