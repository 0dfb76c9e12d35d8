import { z } from 'zod';
import { limitSchema } from '../../fields/number-schemas.ts';

export const refusedCallsQuerySchema = z.strictObject({ limit: limitSchema });
