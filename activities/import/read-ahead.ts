import type { Knex } from 'knex';
import { readChunks } from '../../src/db/imports/import-turns.ts';
import type { FileRow } from '../../src/domain/imports/row.ts';
import type { createReportReader, RowReport } from './read-reports.ts';

/** A chunk whose rows have been read as reports. */
export type ReadChunk = { chunk: number; reports: RowReport[] };

export type ReadAhead = {
  /** The chunks from a place on, few of them; none when there are no more. */
  take(trx: Knex, from: number): Promise<ReadChunk[]>;
};

type Reading = { importId: string; readReport: ReturnType<typeof createReportReader>; limit: number };

/** Reads rows that come next while Postgres is busy with those before them: no row changes once it has been received. */
export function createReadAhead(db: Knex, { importId, readReport, limit }: Reading): ReadAhead {
  let ahead: { from: number; chunks: Promise<ReadChunk[]> } | undefined;

  return {
    async take(trx, from) {
      const chunks = await (ahead?.from === from ? ahead.chunks : read(trx, from));
      const last = chunks.at(-1);
      ahead = last && { from: last.chunk + 1, chunks: read(db, last.chunk + 1) };
      // Whoever takes them hears of it.
      ahead?.chunks.catch(() => undefined);
      return chunks;
    },
  };

  async function read(from: Knex, place: number): Promise<ReadChunk[]> {
    const chunks = await readChunks(from, { importId, from: place, limit });
    return chunks.map(({ chunk, rowNumber, fileRows }) => {
      const rows = JSON.parse(fileRows) as FileRow[];
      return { chunk, reports: rows.map((row, index) => readReport(row, rowNumber + index)) };
    });
  }
}
