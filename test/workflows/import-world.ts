import assert from 'node:assert/strict';
import type { ImportDeps } from '../../activities/import/import-activities.ts';
import { importTells } from '../../src/db/imports/import-tells.ts';
import type { Import } from '../../src/db/imports/imports.ts';
import { startJobRelay } from '../../src/job-relay.ts';
import { createLog } from '../../src/log.ts';
import { jobWorker } from '../../src/temporal/job-worker.ts';
import { tellImport } from '../../src/temporal/tell-import.ts';
import { createWorkers } from '../../src/temporal/workers.ts';
import { importWorkflowId } from '../../workflows/contract.ts';
import { createImportStage } from '../activities/import-stage.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { testBundle } from '../support/temporal/bundle.ts';
import { connectToTemporal } from '../support/temporal/connection.ts';

export type ImportWorld = Awaited<ReturnType<typeof startImportWorld>>;

/** Imports all the way, on the real Temporal server at this address. */
export async function startImportWorld(address: string, changes: Partial<ImportDeps> & { silentMs?: number } = {}) {
  const temporal = await connectToTemporal(address);
  const { client, nativeConnection: connection } = temporal;
  const stage = await createImportStage();
  const { db } = stage;
  const { silentMs, ...importing } = changes;
  const worker = stage.createWorker(importing);
  const { activities } = worker;
  const workers = await createWorkers([
    jobWorker({ connection, activities, workflowBundle: await testBundle(), concurrentJobs: 10 }),
  ]);
  const working = workers.run();
  const kind = { name: 'import' as const, tells: importTells, tell: tellImport };
  const relay = startJobRelay({ kind, db, client, silentMs, log: createLog('silent') });

  return {
    stage,
    client,
    handleOf: (importId: string) => client.workflow.getHandle(importWorkflowId(importId)),
    /** Waits until an import has these fields. */
    async hasImport(importId: string, expected: Partial<Import>): Promise<void> {
      await eventually(async () => {
        const found = await stage.read(importId);
        assert.ok(found, `there is no import ${importId}`);
        assertFields(found, expected);
      });
    },
    async stop() {
      await relay.stop();
      workers.shutdown();
      worker.halt();
      await working;
      await stage.close();
      await temporal.close();
    },
  };
}
