// Files of statuses, as ops, advertisers and pulls bring them. What is asked of one, and how far it is, stands here.
import type { Knex } from 'knex';
import type { ColumnMapping } from '../../domain/imports/columns.ts';
import type { ImportCounts, ImportSource, ImportState, RowCounts } from '../../domain/imports/import.ts';
import { AppError } from '../../errors.ts';
import type { Page } from '../reports/pages.ts';

/** As ops and its advertiser read it. Times are ISO 8601. */
export type Import = ImportCounts & {
  import_id: string;
  advertiser_id: string;
  source: ImportSource;
  file_name: string | null;
  format: 'csv' | 'json_lines' | 'json';
  bytes: number;
  mapping: ColumnMapping;
  /** False: its statuses are booked, and no partner is told. */
  notify: boolean;
  /** What the dry run found, once the file is applied. */
  dry_run_counts: RowCounts | null;
  /** What was asked for last; its state follows within about a second. */
  asked: 'run' | 'pause' | 'cancel';
  created_at: string;
  /** When it, or what followed its dry run, began. */
  started_at: string;
  /** When it went on after its last pause, and how many rows had been dealt with by then. */
  resumed_at: string | null;
  done_before: number;
  ended_at: string | null;
  /** Since when its rows are gone: it cannot be applied, and what was refused cannot be shown. */
  file_dropped_at: string | null;
  /** How many rows of a pull about unknown conversions left no call, because there were too many. */
  unlogged: number;
};

/** Whose import it is, where an advertiser asks for its own alone: those that it has sent itself. */
export type ImportKey = { importId: string; advertiserId?: string | undefined };

export const IMPORT_COLUMNS = `import_id, advertiser_id, source, file_name, format, bytes, mapping, notify, dry_run,
  dry_run_counts, asked, state, rows, done_rows, recorded, duplicate, stale, ignored, refused, created_at, started_at,
  resumed_at, done_before, ended_at, file_dropped_at, unlogged`;

export const IS_ASKED_FOR = `import_id = :importId and state <> 'receiving'
  and (:advertiserId::text is null or (advertiser_id = :advertiserId and source = 'advertiser'))`;

export function bindingsOf({ importId, advertiserId }: ImportKey) {
  return { importId, advertiserId: advertiserId ?? null };
}

/** @returns undefined when there is no such import, or it is none that its advertiser has sent */
export async function readImport(db: Knex, key: ImportKey): Promise<Import | undefined> {
  const { rows } = await db.raw<{ rows: Import[] }>(
    `select ${IMPORT_COLUMNS} from imports where ${IS_ASKED_FOR}`,
    bindingsOf(key),
  );
  return rows[0];
}

export type ImportQuery = {
  advertiser_id?: string | undefined;
  state?: ImportState | undefined;
  limit: number;
  cursor?: string | undefined;
};

/** Imports, the newest first; the cursor of a page is the id of an import. */
export async function listImports(db: Knex, query: ImportQuery): Promise<Page<Import>> {
  const { advertiser_id = null, state = null, limit, cursor = null } = query;
  const { rows } = await db.raw<{ rows: Import[] }>(
    `select ${IMPORT_COLUMNS} from imports
     where (:advertiser_id::text is null or advertiser_id = :advertiser_id) and state <> 'receiving'
       and (:state::text is null or state = :state) and (:cursor::text is null or import_id < :cursor)
     order by import_id desc limit :more`,
    { advertiser_id, state, cursor, more: limit + 1 },
  );
  const page = rows.slice(0, limit);
  return { rows: page, next: rows.length > limit ? (page.at(-1)?.import_id ?? null) : null };
}

// Nothing of a paused import is under way, so it ends at once; a running one when its batch has ended. A dry run has to
// forget what it has assumed, which may take a while.
const ASK_IMPORT = `
  update imports set asked = :asked,
    resumed_at = case when state = 'paused' and :asked = 'run' then now() else resumed_at end,
    done_before = case when state = 'paused' and :asked = 'run' then done_rows else done_before end,
    state = case when state = 'paused' and (:asked = 'run' or (:asked = 'cancel' and dry_run)) then 'running'
      when state = 'paused' and :asked = 'cancel' then 'cancelled' else state end,
    ended_at = case when state = 'paused' and :asked = 'cancel' and not dry_run then now() end,
    tell_at = case when state = 'paused' and :asked <> 'pause' then now() else tell_at end,
    touched_at = now()
  where ${IS_ASKED_FOR} and state in ('running', 'paused') and (asked <> 'cancel' or :asked = 'cancel')
  returning ${IMPORT_COLUMNS}`;

const ASKED = { pause: 'pause', resume: 'run', cancel: 'cancel' } as const;

/**
 * Pauses, resumes or cancels an import; asking for what is so already changes nothing. What was booked stays booked.
 * @returns undefined when there is no such import
 * @throws AppError `conflict` when it has ended, or is being cancelled
 */
export async function askImport(
  db: Knex,
  { ask, ...key }: ImportKey & { ask: keyof typeof ASKED },
): Promise<Import | undefined> {
  const { rows } = await db.raw<{ rows: Import[] }>(ASK_IMPORT, { ...bindingsOf(key), asked: ASKED[ask] });
  if (rows[0]) return rows[0];
  const found = await readImport(db, key);
  if (!found || (ask === 'cancel' && found.state === 'cancelled')) return found;
  const state = found.ended_at === null ? 'is being cancelled' : `has ended: it is ${found.state}`;
  throw new AppError('conflict', `Import ${key.importId} ${state}.`);
}

/** What the index `imports_once` holds of `i`: a file is booked once, and tried once at a time. */
export const IS_ONCE = `not i.is_again and i.asked <> 'cancel'
  and (i.state in ('running', 'paused') or (i.state = 'done' and not i.dry_run))`;
