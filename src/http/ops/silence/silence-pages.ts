import type { Router } from 'express';
import type { Knex } from 'knex';
import { ageBuckets, listReminders, readSilence } from '../../../db/reports/silence.ts';
import { placesOf, readListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { reminderColumns, reminderListSchema } from '../../fields/reminder-list.ts';
import { writeCount } from '../../pages/console/write-numbers.ts';
import { rowsOfPages, sendCsv } from '../../protocol/csv.ts';
import { sendReminders, sendSilence } from './silence-page.ts';

export type SilencePageDeps = { db: Knex; windowMs: number; silentAfterHours: number };

const LIST_PAGE = 50;
const SPANS = [
  { value: '24', label: 'a day' },
  { value: '72', label: 'three days' },
  { value: '168', label: 'a week' },
];

/** Which advertisers do not answer, and what to remind them of. */
export function addSilencePages(routes: Router, { db, windowMs, silentAfterHours }: SilencePageDeps): void {
  routes.get('/silence', async (_req, res) => {
    const rows = await readSilence(db, { windowMs, afterHours: silentAfterHours });
    const silent = rows.filter(({ is_silent }) => is_silent).length;
    sendSilence(res, { title: 'Silence' }, { rows, silent, buckets: Object.keys(ageBuckets), count: writeCount });
  });

  routes.get('/silence/reminders', async (req, res) => {
    const list = readListFilters(req, reminderListSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { rows, next } = await listReminders(db, { ...list.filters, limit: LIST_PAGE }, windowMs);
    const { given, errors, isFiltered, csv } = list;
    sendReminders(
      res,
      { title: 'Windows that close soon' },
      {
        ...{ given, errors, isFiltered, csv, rows, spans: SPANS },
        ...placesOf(list, next),
      },
    );
  });

  routes.get('/silence/reminders.csv', async (req, res) => {
    const { filters } = readListFilters(req, reminderListSchema.omit({ limit: true, cursor: true }), 'UTC');
    const rows = rowsOfPages((page) => listReminders(db, { ...filters, ...page }, windowMs));
    await sendCsv(res, { name: 'reminders', columns: reminderColumns, rows });
  });
}
