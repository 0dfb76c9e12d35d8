import type { Knex } from 'knex';
import { forgetAssumptions } from '../../src/db/imports/assumptions.ts';
import {
  endImport,
  lockTurn,
  saveProgress,
  type ImportTurn,
  type LockedImport,
} from '../../src/db/imports/import-turns.ts';
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
import { bookPulledRows } from './book-pulled-rows.ts';
import type { DryRun } from './judge-rows.ts';
import type { NextChunks, ReadAhead } from './read-ahead.ts';
import type { RowReport } from './read-reports.ts';
import { RowsRefusedError, type UnstorableRows } from './unstorable-rows.ts';

/** `dryRun` is null where rows are booked. */
export type Work = {
  turn: ImportTurn;
  ahead: ReadAhead;
  dryRun: DryRun | null;
  unstorable: UnstorableRows;
  windowMs: number;
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
  return await db.transaction(async (trx) => {
    const locked = await lockTurn(trx, work.turn);
    return locked && (await goOn(trx, work, locked));
  });
}

async function goOn(trx: Knex, work: Work, locked: LockedImport): Promise<Step> {
  const { importId, dryRun } = work.turn;
  if (locked.asked === 'pause') return ended(await endImport(trx, { importId, state: 'paused' }));
  const next = locked.asked === 'run' ? await work.ahead.take(trx, locked.nextChunk) : null;
  if (next && next.chunks.length > 0) return await book(trx, work, next);
  // Other statements need not wait while a million rows are deleted.
  if (dryRun && (await forgetAssumptions(trx, { importId, limit: FORGOTTEN_AT_ONCE })) > 0) return ended(locked.counts);
  return ended(await endImport(trx, { importId, state: locked.asked === 'cancel' ? 'cancelled' : 'done' }));
}

async function book(trx: Knex, work: Work, next: NextChunks): Promise<Step> {
  const { turn } = work;
  const { chunks, facts } = next;
  const reports = chunks.flatMap((chunk) => chunk.reports.map((report) => work.unstorable.refuse(report)));
  const results = await resultsOf(trx, work, { reports: reports.map(({ report }) => report), facts });
  const verdicts = reports.map((report, index) => toVerdict(report, results[index] as StatusResult));
  let first = 0;
  const written = chunks.map(({ chunk, reports: ofThis }) => {
    const last = first + ofThis.length;
    const ofChunk = verdicts.slice(first, last);
    first = last;
    const hasRefused = ofChunk.some(({ message }) => message !== null);
    return { chunk, verdicts: writeVerdicts(ofChunk), hasRefused };
  });
  const became = countVerdicts(verdicts);
  return { counts: await saveProgress(trx, { ...turn, verdicts: written, counts: became }), became };
}

async function resultsOf(
  trx: Knex,
  { turn, dryRun, windowMs }: Work,
  { reports, facts }: Pick<NextChunks, 'facts'> & { reports: StatusReport[] },
): Promise<StatusResult[]> {
  if (dryRun && facts) return await dryRun.judge(trx, reports, facts);
  const booked =
    turn.source === 'pull' ? bookPulledRows(trx, reports, { turn, windowMs }) : record(trx, reports, windowMs);
  return await booked.catch((cause: unknown) => {
    throw isBadRow(cause) ? new RowsRefusedError(reports, cause) : cause;
  });
}

async function record(trx: Knex, reports: readonly StatusReport[], windowMs: number): Promise<StatusResult[]> {
  const verdicts = await recordStatuses(trx, reports, { windowMs });
  return verdicts.map(({ result }) => result);
}

function toVerdict({ report, problem }: RowReport, result: StatusResult): RowVerdict {
  if (NOT_REFUSED.includes(result)) return { result, message: null };
  return { result, message: explainRefusal(result, report, problem) };
}

function ended(counts: ImportCounts): Step {
  return { counts, became: NO_ROWS };
}
