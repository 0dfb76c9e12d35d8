import { isDeepStrictEqual } from 'node:util';
import type { Knex } from 'knex';
import { readVocabulary } from '../../src/db/advertisers.ts';
import type { JudgedFacts } from '../../src/db/imports/assumptions.ts';
import { readChunks, type ImportTurn } from '../../src/db/imports/import-turns.ts';
import type { Asks } from '../../src/db/pipelined.ts';
import type { FileRow } from '../../src/domain/imports/row.ts';
import type { DryRun } from './judge-rows.ts';
import { createReportReader, type RowReport } from './read-reports.ts';

/** A chunk whose rows have been read as reports. */
export type ReadChunk = { chunk: number; reports: RowReport[] };

/** Chunks that come next, few of them, none when there are no more; and what a dry run judges their rows by. */
export type NextChunks = { chunks: ReadChunk[]; facts: JudgedFacts | null };

export type ReadAhead = {
  /** The chunks from a place on. Those before it must have been dealt with, and committed. */
  take(trx: Asks, from: number): Promise<NextChunks>;
};

type Reading = { turn: ImportTurn; limit: number; dryRun: DryRun | null };

/**
 * Reads what comes next while Postgres is busy with the rows before: no row changes once it has been received, and a dry run
 * knows what it has found just now. Rows with a word that nobody knows are read again when ops have explained words meanwhile:
 * kept calls have been judged by then, and these would wait for nobody.
 */
export function createReadAhead(db: Knex, { turn, limit, dryRun }: Reading): ReadAhead {
  const { importId, advertiserId } = turn;
  let { vocabulary } = turn;
  let readReport = createReportReader(turn);
  let ahead: { from: number; next: Promise<NextChunks> } | undefined;

  return {
    async take(trx, from) {
      const found = await (ahead?.from === from ? ahead.next : read(trx, from));
      const next = hasUnknownWord(found) && (await haveWordsChanged(trx)) ? await read(trx, from) : found;
      const last = next.chunks.at(-1);
      ahead = last && { from: last.chunk + 1, next: read(db, last.chunk + 1) };
      // Whoever takes them hears of it.
      ahead?.next.catch(() => undefined);
      return next;
    },
  };

  async function haveWordsChanged(trx: Asks): Promise<boolean> {
    const now = await readVocabulary(trx, advertiserId);
    if (isDeepStrictEqual(now, vocabulary)) return false;
    vocabulary = now;
    readReport = createReportReader({ ...turn, vocabulary });
    return true;
  }

  async function read(from: Asks, place: number): Promise<NextChunks> {
    const found = await readChunks(from, { importId, from: place, limit });
    const chunks = found.map(({ chunk, rowNumber, fileRows }) => {
      const rows = JSON.parse(fileRows) as FileRow[];
      return { chunk, reports: rows.map((row, index) => readReport(row, rowNumber + index)) };
    });
    if (!dryRun || chunks.length === 0) return { chunks, facts: null };
    const reports = chunks.flatMap((chunk) => chunk.reports.map(({ report }) => report));
    return { chunks, facts: await dryRun.read(from, reports) };
  }
}

function hasUnknownWord({ chunks }: NextChunks): boolean {
  return chunks.some(({ reports }) => reports.some(({ report }) => report.meaning === 'unknown_word'));
}
