import { z } from 'zod';
import type { Reminder } from '../../db/reports/silence.ts';
import type { CsvColumn } from '../protocol/csv.ts';
import { cursorSchema } from '../protocol/cursor.ts';
import { idFilter } from './filters.ts';
import { listLimitSchema } from './lists.ts';
import { wholeNumber } from './number-schemas.ts';

// The last activity of a lead in microseconds, and a conversion_id unless all of that moment are still to come.
const PLACE = /^\d{1,16} [\w-]{0,64}$/;
const A_YEAR_HOURS = 365 * 24;

export const reminderListSchema = z.strictObject({
  advertiser_id: idFilter,
  within_hours: wholeNumber(1, A_YEAR_HOURS)
    .default(24)
    .meta({ description: 'How soon the window ends; 24 when left out.' }),
  limit: listLimitSchema,
  cursor: cursorSchema(PLACE).optional(),
});

const reminderFields = ['conversion_id', 'advertiser_id', 'offer_id', 'created_at', 'open_until'] as const;

/** What a file of reminders holds; it can be sent to an advertiser as it is. */
export const reminderColumns: CsvColumn<Reminder>[] = reminderFields.map((name) => ({
  header: name,
  value: (row) => row[name],
}));
