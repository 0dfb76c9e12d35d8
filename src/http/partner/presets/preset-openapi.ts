import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { statuses } from '../../../domain/status.ts';
import { settingsFromPreset } from '../../../domain/trackers/fill-preset.ts';
import { findPreset } from '../../../domain/trackers/presets.ts';
import { trackerIds, type TrackerPreset } from '../../../domain/trackers/tracker-preset.ts';
import { postbackSchema } from '../../fields/postback-settings-schema.ts';
import { defineAnswer } from '../../protocol/describe-answer.ts';
import { describeCalls } from '../describe-partner-call.ts';

const LONGEST_VALUE = 500;

export const presetValuesSchema = z
  .record(z.string(), z.string().max(LONGEST_VALUE))
  .meta({ description: 'A value for each of the `fields` of the preset, by its name.' });

const byStatus = z.partialRecord(z.enum(statuses), z.string());

const presetSchema = z
  .object({
    id: z.enum(trackerIds),
    name: z.string(),
    link_macro: z.string().nullable().meta({ description: "The tracker's macro for its click id; null: not known." }),
    referral_link: z.string().meta({ description: 'Your referral link with that macro; put it into your tracker.' }),
    method: z.enum(['GET', 'POST']),
    url: z.string().meta({ description: 'With our macros, `{ref_id}`, and your own values, `<domain>`.' }),
    url_by_status: byStatus,
    fields: z
      .array(z.object({ name: z.string(), label: z.string(), example: z.string(), kind: z.enum(['address', 'value']) }))
      .meta({ description: 'Your own values.' }),
    send: z.array(z.enum(statuses)),
    status_words: byStatus,
    known_words: z.array(z.string()).nullable(),
    dedupe_macro: z.literal('{conversion_id}').nullable(),
    success_note: z.string().meta({ description: 'What has to be ticked in the tracker.' }),
    setup_steps: z.array(z.string()),
    caution: z.string().nullable(),
    docs_url: z.string(),
    verified_at: z.string().nullable().meta({ description: 'When its source was read; null: it has none.' }),
    unverified: z.string().nullable().meta({ description: 'What could not be verified.' }),
  })
  .meta({ id: 'TrackerPreset' }) satisfies z.ZodType<TrackerPreset & { referral_link: string }>;

/** How each tracker is told of conversions, and the settings that come of it. */
export function describePresetCalls(): ZodOpenApiPathsObject {
  const keitaro = findPreset('keitaro') as TrackerPreset;
  const referral_link = 'https://cashcat.example/abcdefghigk/?ref_id={subid}';
  const example = { ...keitaro, referral_link };
  const path = z.object({ preset_id: z.string() });
  const items: z.ZodType = z.object({ items: z.array(presetSchema) });
  const filled: z.ZodType = z.object({ referral_link: z.string(), postback: postbackSchema });
  const values = { domain: 'track.example.com', key: 'a1b2c3d' };
  return {
    '/v1/partner/presets': describeCalls({
      get: { summary: 'How to set up your tracker', answer: defineAnswer(items, { items: [example] }), refusals: [] },
    }),
    '/v1/partner/presets/{preset_id}': describeCalls({
      path,
      get: {
        summary: 'How to set up one tracker',
        answer: defineAnswer(presetSchema, example),
        refusals: ['unknown'],
      },
    }),
    '/v1/partner/presets/{preset_id}/fill': describeCalls({
      path,
      post: {
        summary: 'The settings for your own tracker, to be saved by PUT /v1/partner/postback',
        body: presetValuesSchema.meta({ example: values }),
        answer: defineAnswer(filled, { referral_link, postback: settingsFromPreset(keitaro, values) }),
        refusals: ['unknown', 'invalid'],
      },
    }),
  };
}
