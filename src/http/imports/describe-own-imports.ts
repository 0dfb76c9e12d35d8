import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { defineAnswer } from '../protocol/describe-answer.ts';
import { createCallDescriber } from '../protocol/describe-call.ts';
import { FILE_TEXT, ownFileUpload } from './describe-upload.ts';
import { errorsCsvExample } from './errors-csv.ts';
import { importExample, importSchema, takenImportExample, takenImportSchema } from './import-answer.ts';
import { ownFileSchema } from './import-fields.ts';

const describeCalls = createCallDescriber({
  tags: ['For advertisers'],
  security: [{ advertiserToken: [] }],
  always: {
    malformed: 'the address cannot be read, or there is no file in the body.',
    unauthorized: 'the token is not valid for this advertiser.',
    method_not_allowed: 'another method than those described here; `Allow` names them.',
    too_many: 'too many calls with a wrong token, or too many files at once; wait as long as `Retry-After` says.',
    unexpected: 'our mistake; write to us and mention its `error_id`.',
    unavailable: 'it could not be stored. Call again after the seconds in `Retry-After`.',
  },
  whenChanging: { too_large: 'the file holds more than is taken at once: split it.' },
  special: {
    unknown: 'there is no such import that you have sent.',
    conflict:
      'it has ended, its dry run is not done, its file was dropped since; or the same file was imported already, by us or by another import of yours; the same signed body was a status call; or this very request was refused before.',
    invalid: 'the file, or a value, cannot be accepted; `problems` says why.',
  },
});

const answer = defineAnswer(importSchema, { ...importExample, source: 'advertiser' });
const taken = defineAnswer(takenImportSchema, { ...takenImportExample, source: 'advertiser' });
const advertiserPath = z.object({ advertiser_id: z.string().meta({ description: 'Your id as an advertiser.' }) });
const importPath = advertiserPath.extend({ import_id: z.string() });
const description =
  'If you sign your calls: this one is signed over its method and its address from `/advertisers` on, such as `POST /advertisers/…/imports/…/apply`, in place of a body.';

const changeDescription = `${description} Such a request is judged once: sent again as it is, one that was refused is refused again. To ask anew, sign it anew.`;

const SIGNED_TEXT =
  'If you sign your calls: the body is signed as a whole, a form with all its fields, and the query must be empty. A signed ' +
  'request is taken once: if you had no answer, send it again as it is, or signed anew under the same `webhook-id`, and you are ' +
  'answered the import that it became, with `was_sent_before`. To import a file that was cancelled, sign it anew; to import one with ' +
  '`again` once more, sign it under another `webhook-id`. What was refused may be sent again as it is.';

/** What advertisers may do with files of statuses. */
export function describeOwnImportCalls(): ZodOpenApiPathsObject {
  return {
    '/advertisers/{advertiser_id}/imports': describeCalls({
      path: advertiserPath,
      post: {
        summary: 'Report the statuses of many conversions in a file',
        description: `${FILE_TEXT} ${SIGNED_TEXT}`,
        query: ownFileSchema,
        upload: ownFileUpload,
        answer: taken,
        status: 202,
        refusals: ['invalid', 'conflict'],
      },
    }),
    '/advertisers/{advertiser_id}/imports/{import_id}': describeCalls({
      path: importPath,
      get: { summary: 'How far your import is', description, answer, refusals: ['unknown'] },
    }),
    '/advertisers/{advertiser_id}/imports/{import_id}/errors.csv': describeCalls({
      path: importPath,
      get: {
        summary: 'The rows that were refused so far, each with why, and as it stood in the file',
        description,
        answer: null,
        csv: errorsCsvExample,
        refusals: ['unknown'],
      },
    }),
    '/advertisers/{advertiser_id}/imports/{import_id}/apply': describeCalls({
      path: importPath,
      post: {
        summary: 'Book the file of a dry run that is done',
        description: changeDescription,
        answer,
        refusals: ['unknown', 'conflict'],
      },
    }),
    '/advertisers/{advertiser_id}/imports/{import_id}/cancel': describeCalls({
      path: importPath,
      post: {
        summary: 'End your import; what was booked stays booked',
        description: changeDescription,
        answer,
        refusals: ['unknown', 'conflict'],
      },
    }),
  };
}
