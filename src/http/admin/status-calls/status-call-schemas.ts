import { z } from 'zod';
import { statusCallResults } from '../../../db/reports/status-calls.ts';
import { limitSchema, wholeNumber } from '../../fields/number-schemas.ts';

export const callIdSchema = wholeNumber(1, Number.MAX_SAFE_INTEGER);

export const statusCallPageSchema = z.strictObject({
  limit: limitSchema,
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional().meta({ description: 'The `next` of the page before.' }),
  result: z.enum(statusCallResults).optional(),
});
