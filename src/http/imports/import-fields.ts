import { z } from 'zod';
import { importFields, type ColumnMapping } from '../../domain/imports/columns.ts';
import { importStates } from '../../domain/imports/import.ts';
import { idFilter } from '../fields/filters.ts';
import { limitSchema } from '../fields/number-schemas.ts';
import { cursorSchema } from '../protocol/cursor.ts';

const MAX_COLUMN_NAME = 200;
// Room for a name of every field; in an address, where a character may take twelve bytes, more would be too long for Node.
const MAX_MAPPING = 1200;
const IMPORT_ID = /^[\w-]{1,64}$/;

/** In a query or a form, where everything is text. */
export function yesOrNo(standard: boolean) {
  return z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .transform((text) => text === 'true')
    .meta({ override: { type: 'boolean', enum: undefined } })
    .default(standard);
}

/** Which column holds what, as JSON. */
export const mappingSchema = z
  .partialRecord(z.enum(importFields), z.string().trim().min(1).max(MAX_COLUMN_NAME))
  .meta({ description: 'Which column of the file holds what, by its name.', example: { conversion_id: 'Click ID' } });

const MAPPING_RULE = `must be a JSON object such as {"conversion_id":"Click ID"}, of ${importFields.join(', ')}`;

const mappingText = z
  .string({ error: MAPPING_RULE })
  .max(MAX_MAPPING, { error: MAPPING_RULE })
  .transform((text, context): ColumnMapping => {
    const parsed = text === '' ? { success: true as const, data: {} } : mappingSchema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    context.addIssue(MAPPING_RULE);
    return z.NEVER;
  })
  .meta({
    description:
      'Which column holds what, as JSON. What is left out is looked for by the names of the last file that was applied, by those of the vocabulary, then by ours.',
    example: '{"conversion_id":"Click ID","status":"State"}',
    override: { type: 'string', maxLength: MAX_MAPPING },
  })
  .optional();

/** What may be said of a file, in the query or in fields of the form before it. */
export const fileOptions = {
  dry_run: yesOrNo(false).meta({ description: 'Judge each row, and write nothing.' }),
  again: yesOrNo(false).meta({ description: 'True: import it although the same file was imported before.' }),
  mapping: mappingText,
};

export const ownFileSchema = z.strictObject(fileOptions);
/** Whether partners hear of what is booked is for ops to decide. */
export const fileSchema = z.strictObject({
  advertiser_id: idFilter.unwrap(),
  notify: yesOrNo(true).meta({ description: 'False: book the statuses, and tell no partner.' }),
  ...fileOptions,
});

export const importListSchema = z.strictObject({
  advertiser_id: idFilter,
  state: z.enum(importStates).optional(),
  limit: limitSchema,
  cursor: cursorSchema(IMPORT_ID).optional(),
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
