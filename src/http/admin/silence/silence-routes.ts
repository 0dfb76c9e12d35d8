import type { Router } from 'express';
import type { Knex } from 'knex';
import { listReminders, readSilence } from '../../../db/reports/silence.ts';
import { sendList } from '../../fields/lists.ts';
import { reminderColumns, reminderListSchema } from '../../fields/reminder-list.ts';
import { readWith } from '../../fields/read-with.ts';
import { allowOnly } from '../../protocol/method-not-allowed.ts';
import { silenceSchema } from './silence-schemas.ts';

export type SilenceDeps = { db: Knex; windowMs: number; silentAfterHours: number };

/** Which advertisers do not answer, and what they should be reminded of. */
export function addSilenceRoutes(routes: Router, { db, windowMs, silentAfterHours }: SilenceDeps): void {
  routes.get('/silence', async (req, res) => {
    readWith(silenceSchema, req.query);
    const items = await readSilence(db, { windowMs, afterHours: silentAfterHours });
    res.json({ as_of: new Date().toISOString(), items });
  });
  routes.get('/silence/reminders', async (req, res) => {
    const query = readWith(reminderListSchema, req.query);
    await sendList(req, res, {
      query,
      read: (page) => listReminders(db, { ...query, ...page }, windowMs),
      view: (reminder) => reminder,
      csv: { name: 'reminders', columns: reminderColumns },
    });
  });
  routes.all('/silence', allowOnly('GET', 'HEAD'));
  routes.all('/silence/reminders', allowOnly('GET', 'HEAD'));
}
