import type { Config } from '../config.ts';
import { connectDb } from '../db/connect.ts';
import {
  FIRST_LEAD,
  FIRST_STATUS,
  oweLeadsWithOpenPostbacks,
  oweLeadsWithUnsettledStatuses,
  oweOpenLeads,
  type Batch,
} from '../db/rebuild.ts';
import { StartupError } from '../errors.ts';
import type { Log } from '../log.ts';
import { prepareSchema } from './schema.ts';

const BATCH = 2000;

/**
 * Makes every lead owe whose window is open or that has something unfinished, then lets go of the database. The relays
 * do the rest: a workflow that is gone begins anew from Postgres, one that is there has nothing to do.
 */
export async function rebuildOnly(
  { database, leads: { windowMs } }: Pick<Config, 'database' | 'leads'>,
  log: Log,
  stopAsked: AbortSignal,
): Promise<void> {
  const db = connectDb({ ...database, poolSize: 1 });
  let total = 0;
  try {
    await prepareSchema(db, { database, roles: ['rebuild'] }, { log, stopAsked });
    await oweAll('leads with open postbacks', FIRST_LEAD, (after) => oweLeadsWithOpenPostbacks(db, after, BATCH));
    await oweAll('leads with unsettled statuses', FIRST_STATUS, (after) =>
      oweLeadsWithUnsettledStatuses(db, after, BATCH),
    );
    await oweAll('leads with an open window', FIRST_LEAD, (after) =>
      oweOpenLeads(db, after, { limit: BATCH, windowMs }),
    );
    log.info({ leads: total }, 'These leads owe now; the relays take them from here. See cashcat_relay_backlog_leads.');
  } finally {
    await db.destroy();
  }

  async function oweAll<Cursor>(what: string, first: Cursor, owe: (after: Cursor) => Promise<Batch<Cursor>>) {
    let owing = 0;
    for (let after: Cursor | undefined = first; after !== undefined;) {
      if (stopAsked.aborted) throw new StartupError(`Stopped among the ${what}. Run it again: it begins anew.`);
      const batch: Batch<Cursor> = await owe(after);
      owing += batch.owing;
      after = batch.next;
      log.info({ what, owing }, after === undefined ? 'made to owe' : 'making leads owe');
    }
    total += owing;
  }
}
