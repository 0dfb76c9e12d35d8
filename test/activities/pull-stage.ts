import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createPulling, type PullDeps, type Pulling } from '../../activities/pull/pull-activities.ts';
import { asActor } from '../../src/db/audit.ts';
import { listPulls, type Pull } from '../../src/db/pulls/pull-reports.ts';
import { createLog } from '../../src/log.ts';
import { createAddressRules } from '../../src/outbound/address-rules.ts';
import { createFileClient } from '../../src/outbound/fetch-file.ts';
import { savePull, type GivenPull } from '../../src/outbound/save-pull.ts';
import { EXPORT_NOT_FETCHED } from '../../workflows/contract.ts';
import type { PullActivities, PullOutcome, PullRun } from '../../workflows/long-jobs.ts';
import { startExportServer } from '../support/export-server.ts';
import { createImportStage } from './import-stage.ts';

export const HEADER_KEYS = ['a key of the tests'];
const ROOT = { name: 'root', role: 'admin' } as const;
const MEGABYTE = 1_000_000;
const ignore = () => undefined;
// What an attempt ends with is what a test looks at.
const QUIET = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

type Fetch = Parameters<PullActivities['fetchExport']>[0];
type Fetched = Awaited<ReturnType<PullActivities['fetchExport']>>;

export type PullStage = Awaited<ReturnType<typeof createPullStage>>;

/** The activities of pulls, called by hand, on a real database, with an advertiser's real HTTP server. */
export async function createPullStage() {
  const imports = await createImportStage();
  const { db, metrics } = imports;
  const { advertiserId } = imports.network;
  const server = await startExportServer();
  const addressRules = createAddressRules({ allowCidrs: ['127.0.0.0/8'] });
  const limits = { maxRows: 5000, maxMegabytes: 1 };
  // Long, so that a busy machine is not taken for a slow server.
  const fileClient = createFileClient({ addressRules, timeoutMs: 40_000, idleMs: 20_000, maxBytes: MEGABYTE });
  const impatientClient = createFileClient({ addressRules, timeoutMs: 1500, idleMs: 500, maxBytes: MEGABYTE });
  let runs = 0;

  function createPuller(changes: Partial<PullDeps> = {}) {
    const deps = { ...limits, db, chunkDb: db, client: fileClient, headerKeys: HEADER_KEYS, metrics };
    return createPulling({ ...deps, log: createLog('silent'), ...changes });
  }

  const newRun = (): PullRun => ({ advertiserId, runId: `run-${++runs}` });

  /** One attempt. */
  async function attempt(
    run: PullRun,
    { by = createPuller(), environment = new MockActivityEnvironment({}, { logger: QUIET }) } = {},
  ): Promise<PullOutcome> {
    const fetched = await fetchExport(run, by, environment);
    if (fetched.result === 'left') throw new Error('It was left to another worker.');
    return fetched;
  }

  async function fetchExport(run: Fetch, by: Pulling, environment = new MockActivityEnvironment()) {
    const fetch = (given: Fetch) => by.activities.fetchExport(given);
    return await environment.run<[Fetch], Fetched, typeof fetch>(fetch, run);
  }

  return {
    ...{ imports, db, metrics, advertiserId, server, addressRules, createPuller, newRun, attempt, fetchExport },
    async save(changes: Partial<GivenPull> = {}) {
      const given: GivenPull = {
        ...{ advertiserId, url: server.url, format: 'auto', mapping: {}, everyMinutes: 60, notify: true },
        ...changes,
      };
      return await asActor(db, ROOT, (trx) => savePull(trx, given, { addressRules, headerKeys: HEADER_KEYS }));
    },
    /** A pull of one attempt. @returns how it ended, or the message of the failed attempt and whether there is another */
    async pull(by = createPuller()): Promise<PullOutcome & { isLast?: boolean }> {
      const run = newRun();
      try {
        return await attempt(run, { by });
      } catch (error) {
        if (!(error instanceof ApplicationFailure) || error.type !== EXPORT_NOT_FETCHED) throw error;
        await createPuller().activities.giveUpPull({ ...run, why: 'interrupted' });
        const isLast = error.nonRetryable === true;
        return { result: 'failed', importId: null, bytes: null, message: error.message, isLast };
      }
    },
    /** Pulls this export and books it. */
    async book(text: string) {
      server.serve(text);
      const { result, importId } = await attempt(newRun());
      if (importId === null) throw new Error(`Nothing was imported: ${result}`);
      return await imports.batch(importId);
    },
    /** One that waits for a server not nearly as long. */
    impatient: () => createPuller({ client: impatientClient }),
    /** Nothing has been pulled, and nothing is to be. */
    async forget(): Promise<void> {
      for (const table of ['imports', 'pulls', 'pull_settings', 'pull_standings', 'pulled_conversions']) {
        await db(table).delete();
      }
      server.asked.length = 0;
    },
    pulls: async (): Promise<Pull[]> => (await listPulls(db, { advertiserId, limit: 100 })).rows,
    async close() {
      await Promise.all([fileClient.close(), impatientClient.close()]);
      await server.close();
      await imports.close();
    },
  };
}
