import { z } from 'zod';
import type { ZodOpenApiResponseObject } from 'zod-openapi';

/** What a call answers when it succeeds, with an example of it; declared once, for every call that answers so. */
export type Answer = { schema: z.ZodType; example: unknown };

/** An answer whose example fits its schema. */
export function defineAnswer<Schema extends z.ZodType>(schema: Schema, example: z.output<Schema>): Answer {
  return { schema, example };
}

/** A moment, as every answer writes it. */
export const momentSchema = z
  .string()
  .meta({ description: 'ISO 8601, UTC.', override: { format: 'date-time' }, examples: ['2026-01-31T09:15:00.000Z'] });

export function describeJson(description: string, { schema, example }: Answer): ZodOpenApiResponseObject {
  return { description, content: { 'application/json': { schema, example } } };
}
