// How an import is brought forward: by turns, each of which goes on at the chunk where the one before it has come to.
import type { Knex } from 'knex';
import type { ColumnMapping, ColumnNames } from '../../domain/imports/columns.ts';
import type { ImportCounts, ImportSource, RowCounts } from '../../domain/imports/import.ts';
import { PLAIN_VOCABULARY, type Vocabulary } from '../../domain/vocabulary.ts';
import type { Asks } from '../pipelined.ts';
import { prepared } from '../prepared.ts';

/** What a turn works with; none of it changes while it lasts. */
export type ImportTurn = {
  importId: string;
  turn: number;
  advertiserId: string;
  dryRun: boolean;
  source: ImportSource;
  notify: boolean;
  header: string[] | null;
  mapping: ColumnMapping;
  names: ColumnNames | null;
  vocabulary: Vocabulary;
};

/** How far an import is, locked for the rest of the transaction. */
export type LockedImport = { counts: ImportCounts; asked: 'run' | 'pause' | 'cancel'; nextChunk: number };

const COUNTS = 'i.dry_run, i.state, i.rows, i.done_rows, i.recorded, i.duplicate, i.stale, i.ignored, i.refused';

const BEGIN_TURN = `
  update imports i set turn = i.turn + 1, touched_at = now()
  from advertisers a
  where i.import_id = :importId and i.state = 'running' and a.advertiser_id = i.advertiser_id
  returning i.import_id as "importId", i.turn, i.advertiser_id as "advertiserId", i.dry_run as "dryRun", i.source, i.notify,
    i.header, i.mapping, i.names, a.vocabulary`;

/** Takes an import over from whoever goes on with it now. @returns undefined when it is not running, or not there */
export async function beginTurn(db: Knex, importId: string): Promise<ImportTurn | undefined> {
  type Row = Omit<ImportTurn, 'vocabulary'> & { vocabulary: Vocabulary | null };
  const { rows } = await db.raw<{ rows: Row[] }>(BEGIN_TURN, { importId });
  return rows[0] && { ...rows[0], vocabulary: rows[0].vocabulary ?? PLAIN_VOCABULARY };
}

/** How far it is. @returns undefined when it is not there */
export async function readImportCounts(db: Knex, importId: string): Promise<ImportCounts | undefined> {
  const { rows } = await db.raw<{ rows: ImportCounts[] }>(
    `select ${COUNTS} from imports i where import_id = :importId`,
    {
      importId,
    },
  );
  return rows[0];
}

type Turn = Pick<ImportTurn, 'importId' | 'turn'>;

const LOCK_TURN = `
  select i.asked, i.next_chunk as "nextChunk", ${COUNTS} from imports i
  where i.import_id = :importId and i.turn = :turn and i.state = 'running' for update`;

/** @returns undefined when somebody else has taken the import over, or it has ended */
export async function lockTurn(trx: Asks, { importId, turn }: Turn): Promise<LockedImport | undefined> {
  const { rows } = await trx
    .raw<{ rows: (ImportCounts & Omit<LockedImport, 'counts'>)[] }>(LOCK_TURN, { importId, turn })
    .options(prepared('lock-import-turn'));
  if (!rows[0]) return undefined;
  const { asked, nextChunk, ...counts } = rows[0];
  return { asked, nextChunk, counts };
}

/** Rows as they were received; `rowNumber` is that of the first. */
export type Chunk = { chunk: number; rowNumber: number; fileRows: string };

const READ_CHUNKS = `
  select chunk, first_row as "rowNumber", file_rows as "fileRows" from import_chunks
  where import_id = :importId and chunk >= :from and chunk < :from::int + :limit order by chunk`;

export async function readChunks(
  db: Asks,
  { importId, from, limit }: { importId: string; from: number; limit: number },
): Promise<Chunk[]> {
  const { rows } = await db
    .raw<{ rows: Chunk[] }>(READ_CHUNKS, { importId, from, limit })
    .options(prepared('read-import-chunks'));
  return rows;
}

export type NewVerdicts = { chunk: number; verdicts: string; hasRefused: boolean };

export type Progress = Turn & {
  dryRun: boolean;
  verdicts: readonly NewVerdicts[];
  counts: RowCounts;
  /** How many left no call because there were too many of unknown conversions. */
  unlogged: number;
};

const SAVE_PROGRESS = `
  with written as (
    insert into import_verdicts (import_id, dry_run, chunk, verdicts, has_refused)
    select :importId, :dryRun::boolean, v.chunk, v.verdicts, v.has_refused
    from unnest(:chunks::int[], :verdicts::text[], :haveRefused::boolean[]) as v (chunk, verdicts, has_refused)
  )
  update imports i set next_chunk = i.next_chunk + cardinality(:chunks::int[]), touched_at = now(),
    done_rows = i.done_rows + :recorded::int + :duplicate::int + :stale::int + :ignored::int + :refused::int,
    recorded = i.recorded + :recorded::int, duplicate = i.duplicate + :duplicate::int, stale = i.stale + :stale::int,
    ignored = i.ignored + :ignored::int, refused = i.refused + :refused::int, unlogged = i.unlogged + :unlogged::int
  where i.import_id = :importId
  returning ${COUNTS}`;

/** Notes what became of the rows of chunks, in the transaction that books them. The turn must be locked. */
export async function saveProgress(
  trx: Asks,
  { importId, dryRun, verdicts, counts, unlogged }: Progress,
): Promise<ImportCounts> {
  const { rows } = await trx
    .raw<{ rows: [ImportCounts] }>(SAVE_PROGRESS, {
      importId,
      dryRun,
      chunks: verdicts.map(({ chunk }) => chunk),
      verdicts: verdicts.map((each) => each.verdicts),
      haveRefused: verdicts.map(({ hasRefused }) => hasRefused),
      ...counts,
      unlogged,
    })
    .options(prepared('save-import-progress'));
  return rows[0];
}

// The columns of a file that has told anything are those of the advertiser's next one. A header names all that there are; that
// no object of JSON has a column says nothing of the next file.
const END_IMPORT = `
  with ended as (
    update imports i set state = :state, ended_at = case when :state <> 'paused' then now() end, touched_at = now()
    where i.import_id = :importId
    returning i.*
  ), remembered as (
    insert into import_mappings (advertiser_id, mapping)
    select advertiser_id, mapping from ended where state = 'done' and not dry_run and refused < rows
    on conflict (advertiser_id) do update set updated_at = now(),
      mapping = case when (select format from ended) = 'csv' then '{}' else import_mappings.mapping end || excluded.mapping
  )
  select ${COUNTS} from ended i`;

/** The turn must be locked. */
export async function endImport(
  trx: Asks,
  { importId, state }: { importId: string; state: 'done' | 'paused' | 'cancelled' },
): Promise<ImportCounts> {
  const { rows } = await trx
    .raw<{ rows: [ImportCounts] }>(END_IMPORT, { importId, state })
    .options(prepared('end-import'));
  return rows[0];
}
