import { MockActivityEnvironment } from '@temporalio/testing';
import { createImporting, type ImportDeps } from '../../activities/import/import-activities.ts';
import { readImportErrors, type ImportError } from '../../src/db/imports/import-errors.ts';
import { applyImport } from '../../src/db/imports/apply-import.ts';
import { askImport, readImport, type Import } from '../../src/db/imports/imports.ts';
import type { ImportCounts } from '../../src/domain/imports/import.ts';
import { receiveImport, type GivenFile, type TakenImport } from '../../src/intake/files/receive-import.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { ImportInput } from '../../workflows/long-jobs.ts';
import { createTestDatabase } from '../support/database.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { policy } from '../support/policy.ts';

export type ImportStage = Awaited<ReturnType<typeof createImportStage>>;

/** The activities of imports, called by hand, on a real database. */
export async function createImportStage() {
  const network = await createNetwork(await createTestDatabase());
  const { db, advertiserId } = network;
  const metrics = createMetrics();
  const { windowMs } = policy;
  const limits = { maxRows: 100_000, maxMegabytes: 10 };

  const createWorker = (changes: Partial<ImportDeps> = {}) =>
    createImporting({
      db,
      windowMs,
      concurrency: 2,
      unknownRowsKept: 1000,
      metrics,
      log: createLog('silent'),
      ...changes,
    });
  const worker = createWorker();

  async function batch(importId: string, by = worker): Promise<ImportCounts | null> {
    const run = (input: ImportInput) => by.activities.importBatch(input);
    return await new MockActivityEnvironment().run<[ImportInput], ImportCounts | null, typeof run>(run, {
      importId,
      advertiserId,
      dryRun: false,
    });
  }

  return {
    network,
    db,
    metrics,
    createWorker,
    /** Takes in a file, which comes in pieces of so many bytes; its rows have not been looked at yet. */
    async receive(text: string, changes: Partial<GivenFile> = {}, pieceSize = Infinity): Promise<TakenImport> {
      const file: GivenFile = {
        advertiserId,
        source: 'ops',
        fileName: 'file.csv',
        notify: true,
        dryRun: false,
        again: false,
        mapping: {},
        parameters: {},
        mayLackStatus: false,
        actor: null,
        ...changes,
      };
      const source = { bytes: inPieces(Buffer.from(text), pieceSize), finish: () => Promise.resolve() };
      return await receiveImport({ db, chunkDb: db, ...limits }, file, source);
    },
    batch,
    /** Goes on until it has ended, however slow the machine is: a batch ends after a while. */
    async finish(importId: string): Promise<ImportCounts | null> {
      for (;;) {
        const counts = await batch(importId);
        if (counts?.state !== 'running') return counts;
      }
    },
    read: async (importId: string) => (await readImport(db, { importId })) as Import,
    apply: (importId: string) => applyImport(db, { importId }),
    ask: (importId: string, ask: 'pause' | 'resume' | 'cancel') => askImport(db, { importId, ask }),
    async errorsOf(importId: string): Promise<ImportError[]> {
      const errors: ImportError[] = [];
      for await (const error of readImportErrors(db, importId)) errors.push(error);
      return errors;
    },
    /** What became of the rows that left a call. */
    async callsOf(importId: string) {
      return await db('status_calls')
        .where({ import_id: importId })
        .orderBy('row_number')
        .select<{ row_number: number; result: string; seq: number | null; notify: boolean }[]>(
          ...['row_number', 'result', 'seq', 'notify'],
        );
    },
    async statusOf(conversionId: string): Promise<string | null> {
      const row = await db('conversions')
        .where({ conversion_id: conversionId })
        .first<{ status: string | null }>('status');
      return row.status;
    },
    close: () => network.close(),
  };
}

async function* inPieces(file: Buffer, size: number): AsyncGenerator<Buffer> {
  await Promise.resolve();
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
}

export const csvOf = (header: string, rows: readonly (readonly unknown[])[]): string =>
  [header, ...rows.map((row) => row.join(','))].join('\n');
