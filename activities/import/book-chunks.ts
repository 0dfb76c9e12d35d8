import type { Knex } from 'knex';
import { forgetAssumptions } from '../../src/db/imports/assumptions.ts';
import {
  endImport,
  lockTurn,
  saveProgress,
  type ImportTurn,
  type LockedImport,
  type NewVerdicts,
} from '../../src/db/imports/import-turns.ts';
import { bulkRankOf } from '../../src/db/outbox.ts';
import { inPipelinedTransaction, type Asks } from '../../src/db/pipelined.ts';
import { isBadRow } from '../../src/db/sqlstate.ts';
import { recordStatuses } from '../../src/db/statuses/record-statuses.ts';
import { explainRefusal } from '../../src/domain/imports/explain-refusal.ts';
import {
  countVerdicts,
  NO_ROWS,
  type ImportCounts,
  type RowCounts,
  type RowVerdict,
} from '../../src/domain/imports/import.ts';
import { writeVerdicts } from '../../src/domain/imports/verdict-text.ts';
import type { StatusReport, StatusResult } from '../../src/domain/status-report.ts';
import { bookPulledRows, type BookedPull } from './book-pulled-rows.ts';
import type { DryRun } from './judge-rows.ts';
import type { NextChunks, ReadAhead, ReadChunk } from './read-ahead.ts';
import type { RowReport } from './read-reports.ts';
import { RowsRefusedError, type UnstorableRows } from './unstorable-rows.ts';

/** `dryRun` is null where rows are booked. */
export type Work = {
  turn: ImportTurn;
  ahead: ReadAhead;
  dryRun: DryRun | null;
  unstorable: UnstorableRows;
  windowMs: number;
  /** How many rows of a pull about unknown conversions may leave a call. */
  unknownRowsKept: number;
};

// Clicks on a lead wait for whoever has locked it, 100 ms at most, so few leads are locked at a time. A dry run locks none.
const CHUNKS_BOOKED_AT_ONCE = 1;
const CHUNKS_JUDGED_AT_ONCE = 4;

/** How many chunks one transaction deals with. */
export function chunksAtOnce({ dryRun }: ImportTurn): number {
  return dryRun ? CHUNKS_JUDGED_AT_ONCE : CHUNKS_BOOKED_AT_ONCE;
}

const FORGOTTEN_AT_ONCE = 20_000;
const NOT_REFUSED: readonly StatusResult[] = ['recorded', 'duplicate', 'stale', 'ignored'];

/** How far an import is, and what became of the rows that were dealt with just now. */
export type Step = { counts: ImportCounts; became: RowCounts };

/**
 * One transaction: deals with the next rows of an import, in their order, or ends it.
 * @returns undefined when somebody else has taken the import over, or it has ended
 */
export async function bookChunks(db: Knex, work: Work): Promise<Step | undefined> {
  try {
    return await bookNext(db, work);
  } catch (error) {
    if (!(error instanceof RowsRefusedError) || !(await work.unstorable.find(db, error.reports))) throw error;
    return await bookNext(db, work);
  }
}

async function bookNext(db: Knex, work: Work): Promise<Step | undefined> {
  return await inPipelinedTransaction(db, {}, async (trx, commit) => {
    const locked = await lockTurn(trx, work.turn);
    return locked && (await goOn({ trx, commit }, work, locked));
  });
}

/** How far it was before these rows. */
type Done = { done: ImportCounts };

type Transaction = { trx: Asks; commit: () => Promise<void> };

async function goOn({ trx, commit }: Transaction, work: Work, locked: LockedImport): Promise<Step> {
  const { importId, dryRun } = work.turn;
  if (locked.asked === 'pause') return ended(await endImport(trx, { importId, state: 'paused' }));
  const next = locked.asked === 'run' ? await work.ahead.take(trx, locked.nextChunk) : null;
  if (next && next.chunks.length > 0) return await book({ trx, commit }, { ...work, done: locked.counts }, next);
  // Other statements need not wait while a million rows are deleted.
  if (dryRun && (await forgetAssumptions(trx, { importId, limit: FORGOTTEN_AT_ONCE })) > 0) return ended(locked.counts);
  return ended(await endImport(trx, { importId, state: locked.asked === 'cancel' ? 'cancelled' : 'done' }));
}

/** How far the import is goes to Postgres along with what became of the rows, and the COMMIT with both. */
async function book({ trx, commit }: Transaction, work: Work & Done, { chunks, facts }: NextChunks): Promise<Step> {
  const rows = chunks.flatMap((chunk) => chunk.reports.map((row) => work.unstorable.refuse(row)));
  const reports = rows.map(({ report }) => report);
  let step = undefined as Step | undefined;
  const save = async ({ results, unlogged }: BookedPull) => {
    const verdicts = rows.map((row, index) => toVerdict(row, results[index] as StatusResult));
    const became = countVerdicts(verdicts);
    const progress = { ...work.turn, verdicts: splitByChunk(verdicts, chunks), counts: became, unlogged };
    const [counts] = await Promise.all([saveProgress(trx, progress), commit()]);
    step = { counts, became };
  };
  if (work.dryRun && facts)
    await work.dryRun.judge(trx, reports, { facts, commit: (results) => save({ results, unlogged: 0 }) });
  else await record(trx, work, { reports, save });
  if (!step) throw new Error(`Nothing was noted of the rows of import ${work.turn.importId}.`);
  return step;
}

type ToRecord = {
  reports: StatusReport[];
  save: (booked: BookedPull) => Promise<void>;
};

async function record(trx: Asks, work: Work & Done, { reports, save }: ToRecord): Promise<void> {
  const { turn, windowMs } = work;
  const options = { windowMs, bulkRank: bulkRankOf(work.done.recorded) };
  try {
    if (turn.source === 'pull') {
      await save(await bookPulledRows(trx, reports, { turn, ...options, unknownLeft: unknownLeft(work) }));
    } else await recordStatuses(trx, reports, { ...options, commit: (results) => save({ results, unlogged: 0 }) });
  } catch (cause) {
    throw isBadRow(cause) ? new RowsRefusedError(reports, cause) : cause;
  }
}

/** Every row that was refused or ignored counts, be its conversion unknown or not: that is known without looking. */
function unknownLeft({ unknownRowsKept, done: { refused, ignored } }: Work & Done): number {
  return Math.max(0, unknownRowsKept - refused - ignored);
}

function splitByChunk(verdicts: readonly RowVerdict[], chunks: readonly ReadChunk[]): NewVerdicts[] {
  const left = [...verdicts];
  return chunks.map(({ chunk, reports }) => {
    const ofChunk = left.splice(0, reports.length);
    const hasRefused = ofChunk.some(({ message }) => message !== null);
    return { chunk, verdicts: writeVerdicts(ofChunk), hasRefused };
  });
}

function toVerdict({ report, problem }: RowReport, result: StatusResult): RowVerdict {
  if (NOT_REFUSED.includes(result)) return { result, message: null };
  return { result, message: explainRefusal(result, report, problem) };
}

function ended(counts: ImportCounts): Step {
  return { counts, became: NO_ROWS };
}
