// How the file of a dry run comes to be booked.
import type { Knex } from 'knex';
import { AppError } from '../../errors.ts';
import { sqlStateOf, UNIQUE_VIOLATION } from '../sqlstate.ts';
import { findEarlierJson, type StoredJson } from './earlier-json.ts';
import {
  bindingsOf,
  IMPORT_COLUMNS,
  IS_ASKED_FOR,
  IS_ONCE,
  readImport,
  type Import,
  type ImportKey,
} from './imports.ts';

// The same file, if it is booked or being booked by another import.
const BOOKED_BEFORE = `
  select i.import_id, i.source from imports own
  join imports i on i.advertiser_id = own.advertiser_id and i.sha256 = own.sha256 and i.notify = own.notify
    and i.mapping = own.mapping and not i.dry_run and ${IS_ONCE}
  where own.import_id = :importId and not own.is_again`;

// From the first row on; what its dry run found stays beside what comes of it now.
const APPLY_IMPORT = `
  update imports set dry_run = false, state = 'running', asked = 'run', turn = turn + 1, next_chunk = 0,
    dry_run_counts = jsonb_build_object('recorded', recorded, 'duplicate', duplicate, 'stale', stale,
      'ignored', ignored, 'refused', refused),
    done_rows = 0, recorded = 0, duplicate = 0, stale = 0, ignored = 0, refused = 0,
    started_at = now(), resumed_at = null, done_before = 0, ended_at = null, touched_at = now(), tell_at = now()
  where ${IS_ASKED_FOR} and dry_run and state = 'done' and file_dropped_at is null
    and not exists (${BOOKED_BEFORE})
  returning ${IMPORT_COLUMNS}`;

/**
 * Books the file of a dry run that is done. One that is being applied, or has been, stays as it is.
 * @returns undefined when there is no such import
 * @throws AppError `conflict` when its dry run is not done, it was cancelled, or the same file has been booked by another import
 */
export async function applyImport(db: Knex, key: ImportKey): Promise<Import | undefined> {
  const { importId } = key;
  const earlier = await findBookedEarlier(db, key);
  const applied = earlier ? undefined : await apply(db, key);
  if (applied) return applied;
  const found = await readImport(db, key);
  if (!found) return undefined;
  if (!found.dry_run && found.asked === 'cancel') {
    throw new AppError('conflict', `Import ${importId} was cancelled: send the file again to book what is left of it.`);
  }
  if (!found.dry_run) return found;
  const booked = await db.raw<{ rows: BookedBefore[] }>(BOOKED_BEFORE, { importId });
  const why = whyNotApplied(found, booked.rows[0] ?? earlier);
  throw new AppError('conflict', `The dry run of import ${importId} ${why}.`);
}

/** @returns the import that has booked the same file, where that cannot be seen by its columns alone */
async function findBookedEarlier(db: Knex, key: ImportKey): Promise<Import | undefined> {
  const { rows } = await db.raw<{ rows: StoredJson[] }>(
    `select import_id as "importId", sha256, mapping, names from imports where ${IS_ASKED_FOR} and dry_run
       and format <> 'csv' and file_dropped_at is null`,
    bindingsOf(key),
  );
  return rows[0] && (await findEarlierJson(db, rows[0], { dryRun: false }));
}

async function apply(db: Knex, key: ImportKey): Promise<Import | undefined> {
  const { rows } = await db.raw<{ rows: Import[] }>(APPLY_IMPORT, bindingsOf(key)).catch((cause: unknown) => {
    if (sqlStateOf(cause) !== UNIQUE_VIOLATION) throw cause;
    throw new AppError('conflict', `The file of import ${key.importId} is being booked by another import.`, { cause });
  });
  return rows[0];
}

type BookedBefore = Pick<Import, 'import_id' | 'source'>;

/** An advertiser hears nothing of imports that others have brought. */
function whyNotApplied({ state, source }: Import, booked: BookedBefore | undefined): string {
  if (state === 'cancelled') return 'was cancelled: send the file again';
  if (booked) {
    const instead = 'to book it once more all the same, send the file with again=true';
    const isTold = source !== 'advertiser' || booked.source === 'advertiser';
    return `is of a file that was booked ${isTold ? `as import ${booked.import_id}` : 'already'}: ${instead}`;
  }
  if (state === 'done') return 'ended long ago, and its file was dropped since: send the file again';
  return `is ${state}: wait until it is done`;
}
