import type { Knex } from 'knex';
import type { JudgedFacts } from '../../src/db/imports/assumptions.ts';
import { readChunks } from '../../src/db/imports/import-turns.ts';
import type { Asks } from '../../src/db/pipelined.ts';
import type { FileRow } from '../../src/domain/imports/row.ts';
import type { DryRun } from './judge-rows.ts';
import type { createReportReader, RowReport } from './read-reports.ts';

/** A chunk whose rows have been read as reports. */
export type ReadChunk = { chunk: number; reports: RowReport[] };

/** Chunks that come next, few of them, none when there are no more; and what a dry run judges their rows by. */
export type NextChunks = { chunks: ReadChunk[]; facts: JudgedFacts | null };

export type ReadAhead = {
  /** The chunks from a place on. Those before it must have been dealt with, and committed. */
  take(trx: Asks, from: number): Promise<NextChunks>;
};

type Reading = {
  importId: string;
  readReport: ReturnType<typeof createReportReader>;
  limit: number;
  dryRun: DryRun | null;
};

/**
 * Reads what comes next while Postgres is busy with the rows before: no row changes once it has been received, and a dry run
 * knows what it has found just now.
 */
export function createReadAhead(db: Knex, { importId, readReport, limit, dryRun }: Reading): ReadAhead {
  let ahead: { from: number; next: Promise<NextChunks> } | undefined;

  return {
    async take(trx, from) {
      const next = await (ahead?.from === from ? ahead.next : read(trx, from));
      const last = next.chunks.at(-1);
      ahead = last && { from: last.chunk + 1, next: read(db, last.chunk + 1) };
      // Whoever takes them hears of it.
      ahead?.next.catch(() => undefined);
      return next;
    },
  };

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
