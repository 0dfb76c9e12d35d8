import { z } from 'zod';
import { ageBuckets, type AdvertiserSilence, type AgeBucket, type Reminder } from '../../../db/reports/silence.ts';
import { definePage } from '../../fields/lists.ts';
import { defineAnswer, momentSchema } from '../../protocol/describe-answer.ts';

export const silenceSchema = z.strictObject({});

const counts = Object.fromEntries(Object.keys(ageBuckets).map((bucket) => [bucket, z.int()])) as Record<
  AgeBucket,
  z.ZodInt
>;

const silenceRow = z.object({
  advertiser_id: z.string(),
  advertiser_name: z.string(),
  unanswered: z.object({ ...counts, total: z.int() }).meta({
    description: 'Conversions without any status by their age in days, to the hour, up to the end of the window.',
  }),
  last_call_at: momentSchema.nullable(),
  reports_daily: z.boolean().meta({ description: 'It called on six of the seven days that ended with its last call.' }),
  is_silent: z.boolean().meta({ description: 'It reports daily, and has stopped. See ADVERTISER_SILENT_AFTER_HOURS.' }),
}) satisfies z.ZodType<AdvertiserSilence>;

export const silenceAnswer = defineAnswer(
  z.object({ as_of: momentSchema, items: z.array(silenceRow).meta({ description: 'The silent ones first.' }) }),
  {
    as_of: '2026-01-31T09:15:00.000Z',
    items: [
      {
        advertiser_id: 'first-bank-4f2k9x',
        advertiser_name: 'First Bank',
        unanswered: { '0-1': 120, '1-3': 201, '3-7': 340, '7-13': 400, '13+': 75, total: 1136 },
        last_call_at: '2026-01-29T06:00:12.000Z',
        reports_daily: true,
        is_silent: true,
      },
    ],
  },
);

const reminderRow = z.object({
  conversion_id: z.string(),
  advertiser_id: z.string(),
  offer_id: z.string(),
  created_at: momentSchema,
  open_until: momentSchema.meta({ description: 'When its window ends, unless its visitor comes again.' }),
}) satisfies z.ZodType<Reminder>;

export const remindersAnswer = definePage(reminderRow, {
  conversion_id: 'k3v9x2m7q1w8z5t4r6y0',
  advertiser_id: 'first-bank-4f2k9x',
  offer_id: 'gold-card-7h3m2p',
  created_at: '2026-01-17T11:04:00.000Z',
  open_until: '2026-01-31T11:04:00.000Z',
});

export const remindersCsvExample =
  '"conversion_id","advertiser_id","offer_id","created_at","open_until"\r\n' +
  '"k3v9x2m7q1w8z5t4r6y0","first-bank-4f2k9x","gold-card-7h3m2p","2026-01-17T11:04:00.000Z","2026-01-31T11:04:00.000Z"\r\n';
