import { z } from 'zod';
import type { Import } from '../../db/imports/imports.ts';
import type { TakenImport } from '../../intake/files/receive-import.ts';
import { importSources, importStates } from '../../domain/imports/import.ts';
import { momentSchema } from '../protocol/describe-answer.ts';
import { mappingSchema } from './import-fields.ts';

const counts = {
  recorded: z.int(),
  duplicate: z.int(),
  stale: z.int(),
  ignored: z.int().meta({ description: 'Their word means that they change nothing.' }),
  refused: z.int().meta({ description: 'Each is in `errors.csv`, with what to do.' }),
};

/** An import as ops and its advertiser see it. */
export const importSchema = z
  .object({
    import_id: z.string(),
    advertiser_id: z.string(),
    source: z.enum(importSources).meta({ description: 'Who brought the file.' }),
    file_name: z.string().nullable(),
    format: z.enum(['csv', 'json_lines', 'json']),
    bytes: z.int(),
    mapping: mappingSchema,
    notify: z.boolean(),
    dry_run: z.boolean().meta({ description: 'True: the counts say what would be, and nothing is written.' }),
    dry_run_counts: z.object(counts).nullable().meta({ description: 'What the dry run found, once it is applied.' }),
    asked: z.enum(['run', 'pause', 'cancel']).meta({ description: 'What was asked for last; `state` follows soon.' }),
    state: z.enum(importStates),
    rows: z.int(),
    done_rows: z.int().meta({ description: 'How many have been dealt with.' }),
    ...counts,
    created_at: momentSchema,
    started_at: momentSchema,
    ended_at: momentSchema.nullable(),
    file_dropped_at: momentSchema.nullable().meta({
      description: 'Since when its rows are gone: then it cannot be applied, and `errors.csv` is empty.',
    }),
  })
  .meta({ id: 'Import' });

export const importExample: z.output<typeof importSchema> = {
  import_id: '0ml2p8k4v9x2m7q1w8z5t4r6',
  advertiser_id: 'first-bank-4f2k9x',
  source: 'ops',
  file_name: 'january.csv',
  format: 'csv',
  bytes: 18_403,
  mapping: { conversion_id: 'Click ID', status: 'State' },
  notify: true,
  dry_run: true,
  dry_run_counts: null,
  asked: 'run',
  state: 'running',
  rows: 412,
  done_rows: 256,
  recorded: 249,
  duplicate: 4,
  stale: 0,
  ignored: 0,
  refused: 3,
  created_at: '2026-01-31T09:15:00.000Z',
  started_at: '2026-01-31T09:15:00.000Z',
  ended_at: null,
  file_dropped_at: null,
};

/** What whoever sends a file is answered. */
export const takenImportSchema = importSchema
  .extend({
    was_sent_before: z.boolean().meta({
      description:
        'True: the same file, or the same signed request, was sent before, and this is the import that it became; nothing was begun. See `again`.',
    }),
  })
  .meta({ id: 'TakenImport' });

export const takenImportExample: z.output<typeof takenImportSchema> = { ...importExample, was_sent_before: false };

export function viewTakenImport({ was_sent_before, ...one }: TakenImport): z.output<typeof takenImportSchema> {
  return { ...viewImport(one), was_sent_before };
}

/** An import as it leaves in answers, without what only a page shows. */
export function viewImport(one: Import): z.output<typeof importSchema> {
  const { import_id, advertiser_id, source, file_name, format, bytes, mapping, notify, dry_run, dry_run_counts } = one;
  const { asked, state, rows, done_rows, recorded, duplicate, stale, ignored, refused } = one;
  const { created_at, started_at, ended_at, file_dropped_at } = one;
  return {
    ...{ import_id, advertiser_id, source, file_name, format, bytes, mapping, notify, dry_run, dry_run_counts },
    ...{ asked, state, rows, done_rows, recorded, duplicate, stale, ignored, refused },
    ...{ created_at, started_at, ended_at, file_dropped_at },
  };
}
