import { cancellationSignal, heartbeat } from '@temporalio/activity';
import type { Knex } from 'knex';
import { beginTurn, readImportCounts, type ImportTurn } from '../../src/db/imports/import-turns.ts';
import { askImport } from '../../src/db/imports/imports.ts';
import { hasImportEnded, type RowCounts } from '../../src/domain/imports/import.ts';
import { AppError } from '../../src/errors.ts';
import type { Log } from '../../src/log.ts';
import type { Metrics } from '../../src/metrics.ts';
import { createTurns } from '../../src/turns.ts';
import type { ImportActivities } from '../../workflows/long-jobs.ts';
import { bookChunks, chunksAtOnce, type Step } from './book-chunks.ts';
import { createDryRun } from './judge-rows.ts';
import { createReadAhead } from './read-ahead.ts';
import { createUnstorableRows } from './unstorable-rows.ts';

export type ImportDeps = {
  /** Connections that no lead waits for. */
  db: Knex;
  windowMs: number;
  /** How many imports book rows at the same moment; the others take turns with them. */
  concurrency: number;
  /** How many rows of a pull about unknown conversions may leave a call. */
  unknownRowsKept: number;
  /** How long one batch goes on at most. */
  batchMs?: number;
  metrics: Pick<Metrics, 'importedRows'>;
  log: Log;
};

export type Importing = {
  activities: ImportActivities;
  /** Has batches end early, so that another worker goes on with them. */
  halt(): void;
};

const BATCH_MS = 15_000;
const HEARTBEAT_MS = 1000;

/** The work of imports in this process. */
export function createImporting({
  db,
  windowMs,
  concurrency,
  unknownRowsKept,
  batchMs = BATCH_MS,
  metrics,
  log,
}: ImportDeps): Importing {
  const places = createTurns(() => concurrency);
  const halting = new AbortController();

  return {
    activities: {
      async importBatch({ importId }) {
        const turn = await beginTurn(db, importId);
        if (turn) await takeTurn(turn);
        const counts = await readImportCounts(db, importId);
        if (turn && counts && hasImportEnded(counts.state)) log.info({ importId, ...counts }, 'An import has ended.');
        return counts ?? null;
      },
      async cancelImport({ importId }) {
        await askImport(db, { importId, ask: 'cancel' }).catch((error: unknown) => {
          // It has ended.
          if (!(error instanceof AppError && error.kind === 'conflict')) throw error;
        });
      },
    },
    halt: () => halting.abort(),
  };

  async function takeTurn(turn: ImportTurn): Promise<void> {
    const dryRun = turn.dryRun ? createDryRun(turn, windowMs) : null;
    const unstorable = createUnstorableRows(windowMs);
    const work = {
      turn,
      ahead: createReadAhead(db, { turn, limit: chunksAtOnce(turn), dryRun }),
      dryRun,
      unstorable,
      windowMs,
      unknownRowsKept,
    };
    const until = performance.now() + batchMs;
    let step: Step | undefined;
    // Waiting for a place may take longer than Temporal waits to hear of us; people see in the Web UI how far it is.
    const beating = setInterval(() => heartbeat(step?.counts), HEARTBEAT_MS);
    try {
      do {
        step = await places.take(() => bookChunks(db, work));
        if (step && !turn.dryRun) countRows(step.became);
      } while (step?.counts.state === 'running' && performance.now() < until && !isStopping());
    } finally {
      clearInterval(beating);
    }
  }

  function countRows(became: RowCounts): void {
    for (const [result, rows] of Object.entries(became)) metrics.importedRows.inc({ result }, rows);
  }

  function isStopping(): boolean {
    return halting.signal.aborted || cancellationSignal().aborted;
  }
}
