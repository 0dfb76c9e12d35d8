import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { FILE_TEXT, fileUpload } from '../../imports/describe-upload.ts';
import { errorsCsvExample } from '../../imports/errors-csv.ts';
import { importExample, importSchema, takenImportExample, takenImportSchema } from '../../imports/import-answer.ts';
import { fileSchema, importListSchema } from '../../imports/import-fields.ts';
import { defineAnswer } from '../../protocol/describe-answer.ts';
import { describeCalls } from '../describe-admin-call.ts';

const importAnswer = defineAnswer(importSchema, importExample);
const takenAnswer = defineAnswer(takenImportSchema, takenImportExample);
const importsAnswer = defineAnswer(
  z.object({
    items: z.array(importSchema),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'Give it as `cursor` to get the next page; null: no more.' }),
  }),
  { items: [importExample], next_cursor: null },
);
const importPath = z.object({ import_id: z.string() });

/** Files of statuses and what became of their rows. */
export function describeImportCalls(): ZodOpenApiPathsObject {
  return {
    '/v1/admin/imports': describeCalls({
      get: {
        summary: 'Imports, the newest first',
        query: importListSchema,
        answer: importsAnswer,
        refusals: ['invalid'],
      },
      post: {
        summary: 'Import a file of statuses, or try what it would do',
        description: FILE_TEXT,
        query: fileSchema,
        upload: fileUpload,
        answer: takenAnswer,
        status: 202,
        refusals: ['invalid', 'unknown'],
      },
    }),
    '/v1/admin/imports/{import_id}': describeCalls({
      path: importPath,
      get: { summary: 'How far an import is', answer: importAnswer, refusals: ['unknown'] },
    }),
    '/v1/admin/imports/{import_id}/errors.csv': describeCalls({
      path: importPath,
      get: {
        summary: 'The rows that were refused so far, each with why, and as it stood in the file',
        answer: null,
        csv: errorsCsvExample,
        refusals: ['unknown'],
      },
    }),
    '/v1/admin/imports/{import_id}/apply': describeAsk(
      'Book the file of a dry run that is done',
      'The same rows again, now booked; asked once more it changes nothing.',
    ),
    '/v1/admin/imports/{import_id}/pause': describeAsk('Pause an import; no further row is booked'),
    '/v1/admin/imports/{import_id}/resume': describeAsk('Go on with a paused import'),
    '/v1/admin/imports/{import_id}/cancel': describeAsk('End an import for good; what was booked stays booked'),
  };
}

function describeAsk(summary: string, description?: string) {
  return describeCalls({
    path: importPath,
    post: {
      summary,
      ...(description !== undefined && { description }),
      answer: importAnswer,
      refusals: ['unknown', 'conflict'],
    },
  });
}
