import { z } from 'zod';
import { MAX_HEADERS } from '../../domain/pulls/own-headers.ts';
import { pullFormats, pullStates } from '../../domain/pulls/pull.ts';
import { MAX_URL_LENGTH } from '../../domain/web-url.ts';
import { mappingSchema } from './import-fields.ts';
import { cursorSchema } from '../protocol/cursor.ts';
import { limitSchema } from '../fields/number-schemas.ts';

const LEAST_MINUTES = 5;
const MOST_MINUTES = 7 * 24 * 60;
const MINUTES_RULE = `must be a whole number of minutes from ${LEAST_MINUTES} to ${MOST_MINUTES}`;
const PULL_ID = /^\w{1,64}$/;

const headersSchema = z.record(z.string(), z.string().nullable());

/** From where, and how often, an advertiser's export is pulled. */
export const pullSchema = z.strictObject({
  url: z.string({ error: 'must be a URL' }).max(MAX_URL_LENGTH).meta({
    description: 'Where the export is. It must be https, unless it is an address that POSTBACK_ALLOW_CIDRS allows.',
    example: 'https://first-bank.example/exports/conversions.csv',
  }),
  format: z.enum(pullFormats).default('auto').meta({
    description: '`auto`: found out by the beginning of the file. Otherwise a file that is not so is refused.',
  }),
  headers: headersSchema.optional().meta({
    description: `Sent with each request, at most ${MAX_HEADERS}. They replace those that are there; null keeps the value that a name has; left out, all stay.`,
    example: { authorization: 'Bearer 2f9d…' },
  }),
  mapping: mappingSchema.default({}),
  every_minutes: z
    .int({ error: MINUTES_RULE })
    .min(LEAST_MINUTES, { error: MINUTES_RULE })
    .max(MOST_MINUTES, { error: MINUTES_RULE }),
  notify: z
    .boolean({ error: 'must be true or false' })
    .default(true)
    .meta({ description: 'False: book the statuses, and tell no partner.' }),
  state: z.enum(pullStates).optional().meta({ description: 'Left out: as it is; active when it is new.' }),
});

export const pullListSchema = z.strictObject({ limit: limitSchema, cursor: cursorSchema(PULL_ID).optional() });
