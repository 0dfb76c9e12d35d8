import { z } from 'zod';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import { mappingSchema } from './import-fields.ts';

const csv = z.string().meta({
  description:
    'With a header. Delimited by comma, semicolon, tab or bar, or by what a first line such as `sep=;` names; UTF-8.',
  example: 'Click ID,State,When\nk3v9x2m7q1w8z5t4r6y0,sale,2026-01-31T09:15:00Z\n',
});
const jsonLines = z.string().meta({ example: '{"Click ID":"k3v9x2m7q1w8z5t4r6y0","State":"sale"}\n' });
const json = z.array(z.record(z.string(), z.unknown())).meta({
  example: [{ 'Click ID': 'k3v9x2m7q1w8z5t4r6y0', State: 'sale' }],
});
const flag = z.enum(['true', 'false']).optional();
const fields = { dry_run: flag, again: flag, mapping: mappingSchema.optional() };
const file = z.string().meta({ description: 'The last field.', override: { format: 'binary' } });

type Upload = NonNullable<ZodOpenApiOperationObject['requestBody']>['content'];

/** A file of statuses that its advertiser sends, as a body of its own or in a form. */
export const ownFileUpload = uploadOf(z.object({ ...fields, file }));

/** The same, of ops. */
export const fileUpload = uploadOf(z.object({ advertiser_id: z.string().optional(), notify: flag, ...fields, file }));

function uploadOf(form: z.ZodObject): Upload {
  return {
    'text/csv': { schema: csv },
    'application/x-ndjson': { schema: jsonLines },
    'application/json': { schema: json },
    'multipart/form-data': { schema: form },
  };
}

export const FILE_TEXT =
  'CSV with a header, or JSON: an object in each line, or an array of objects. Columns: conversion_id, status, and where ' +
  'they are there reason, transaction_id, event_time, or whatever the mapping says; case, blanks around a name and ' +
  'how its accents are spelt make no difference. Each JSON object is read by its own names, so what one says need not ' +
  'stand in the others. Rows are numbered from 1, the header not counted; empty lines do not count, ' +
  'nor does a line such as `sep=;` above the header. `event_time` is when it happened: ISO 8601 with a time of day, UTC ' +
  'where it names no zone, or Unix time. A row whose own time lies within the window of its lead counts although it comes ' +
  'later, and one that is older than the decision that is there is `stale`. ' +
  'Nothing of a file is kept unless all of it has come; once it is answered, it is imported whatever dies. Rows are booked ' +
  'in their order, each once. The same file, byte by byte and with the same columns, is imported once: whoever sends it again ' +
  'is answered the import that it became, with `was_sent_before`, unless `again=true` asks for another one. A dry run stands ' +
  'in the way of no import.';
