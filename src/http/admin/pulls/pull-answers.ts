import { z } from 'zod';
import type { Pull, PullStanding } from '../../../db/pulls/pull-reports.ts';
import type { PullSettings } from '../../../db/pulls/pull-settings.ts';
import { explainUnlogged } from '../../../domain/imports/explain-refusal.ts';
import { explainPull } from '../../../domain/pulls/explain-pull.ts';
import { pullFormats, pullResults, pullStates } from '../../../domain/pulls/pull.ts';
import { mappingSchema } from '../../imports/import-fields.ts';
import { momentSchema } from '../../protocol/describe-answer.ts';

const MOMENT = '2026-01-31T09:15:00.000Z';

/** What an advertiser's pull is, and how it stands. */
export const pullSettingsSchema = z
  .object({
    advertiser_id: z.string(),
    url: z.string(),
    format: z.enum(pullFormats),
    headers: z.record(z.string(), z.null()).meta({ description: 'By their names; the values are never shown.' }),
    mapping: mappingSchema,
    every_minutes: z.int(),
    notify: z.boolean(),
    state: z.enum(pullStates),
    run_asked_at: momentSchema
      .nullable()
      .meta({ description: 'When a pull at once was asked for; null once Temporal knows of it.' }),
    failing_since: momentSchema
      .nullable()
      .meta({ description: 'When the first pull failed after the last that did not; null when that was the last.' }),
    failures: z.int().meta({ description: 'How many have failed since.' }),
    is_overdue: z.boolean().meta({ description: 'None has begun for long, although it should.' }),
    waits_for_import_id: z.string().nullable().meta({
      description:
        'The import that pulls are skipped for: it is paused, or was still running when the last one was due.',
    }),
    created_at: momentSchema,
    updated_at: momentSchema,
  })
  .meta({ id: 'PullSettings' });

export const pullSettingsExample: z.output<typeof pullSettingsSchema> = {
  advertiser_id: 'first-bank-4f2k9x',
  url: 'https://first-bank.example/exports/conversions.csv',
  format: 'auto',
  headers: { authorization: null },
  mapping: { conversion_id: 'Click ID', status: 'State' },
  every_minutes: 60,
  notify: true,
  state: 'active',
  run_asked_at: null,
  failing_since: null,
  failures: 0,
  is_overdue: false,
  waits_for_import_id: null,
  created_at: MOMENT,
  updated_at: MOMENT,
};

export function viewPullSettings(settings: PullSettings, standing: PullStanding): z.output<typeof pullSettingsSchema> {
  const { advertiser_id, url, format, header_names, mapping, every_minutes, notify, state } = settings;
  const { run_asked_at, failing_since, failures, is_overdue, waits_for_import_id } = standing;
  return {
    ...{ advertiser_id, url, format, headers: Object.fromEntries(header_names.map((name) => [name, null])), mapping },
    ...{ every_minutes, notify, state, run_asked_at, failing_since, failures, is_overdue },
    waits_for_import_id,
    ...{ created_at: settings.created_at, updated_at: settings.updated_at },
  };
}

/** A pull that was made, or is under way. */
export const pullSchema = z
  .object({
    pull_id: z.string(),
    advertiser_id: z.string(),
    started_at: momentSchema,
    ended_at: momentSchema.nullable(),
    attempts: z.int().meta({ description: 'Three at most; one whose worker was stopped is none.' }),
    result: z.enum(pullResults).nullable().meta({
      description:
        'Null while it is under way. `unchanged`: the export is what was imported last, or holds no rows. `skipped`: nothing was fetched, or it was left; `error` says why.',
    }),
    http_status: z.int().nullable().meta({ description: 'Of the last attempt; null when no answer came.' }),
    error: z
      .string()
      .nullable()
      .meta({ description: 'What went wrong, or is odd about its rows, and what to do, in a sentence.' }),
    bytes: z.int().nullable(),
    import_id: z.string().nullable().meta({ description: 'What was made of its file.' }),
  })
  .meta({ id: 'Pull' });

export const pullExample: z.output<typeof pullSchema> = {
  pull_id: '0ml2p8k4v9x2m7q1w8z5t4r6',
  advertiser_id: 'first-bank-4f2k9x',
  started_at: MOMENT,
  ended_at: '2026-01-31T09:15:02.000Z',
  attempts: 1,
  result: 'imported',
  http_status: 200,
  error: null,
  bytes: 18_403,
  import_id: '0ml2p8m6v9x2m7q1w8z5t4r6',
};

export function viewPull(pull: Pull): z.output<typeof pullSchema> {
  const { pull_id, advertiser_id, started_at, ended_at, attempts, result, http_status, bytes, import_id } = pull;
  const { problem, detail, unlogged } = pull;
  const error = explainPull({ problem, detail, httpStatus: http_status }) ?? explainUnlogged(unlogged);
  return { pull_id, advertiser_id, started_at, ended_at, attempts, result, http_status, error, bytes, import_id };
}
