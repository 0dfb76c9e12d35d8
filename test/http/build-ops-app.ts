import type { Express } from 'express';
import { describeAdminApi } from '../../src/http/admin/openapi.ts';
import { createFileTaker } from '../../src/http/imports/take-file.ts';
import { createOpsApp, type OpsDeps } from '../../src/http/ops-app.ts';
import { createAddressRules } from '../../src/outbound/address-rules.ts';
import type { Network } from '../support/network-in-database.ts';
import { checkAnswers } from './check-answers.ts';

export const ADMIN_KEY = 'the-admin-key';
export const FAILING_AFTER = 3;
export const MAX_ROWS = 1000;
export const WINDOW_MS = 14 * 24 * 60 * 60 * 1000;

export type BuiltOpsApp = { app: Express; logged: object[]; warned: object[] };

/** The operations listener over a network in a real database. */
export function buildOpsApp(
  { db, statuses }: Pick<Network, 'db' | 'statuses'>,
  changes: Partial<OpsDeps> = {},
): BuiltOpsApp {
  const [logged, warned]: [object[], object[]] = [[], []];
  const app = createOpsApp({
    admin: makeAdminDeps({ db, statuses }),
    temporalUiUrl: 'http://localhost:8233/',
    temporalNamespace: 'default',
    trustProxy: false,
    // As the program names the host that it listens on.
    allowedHosts: ['127.0.0.1', 'ops.example'],
    metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'leads 1\n' }),
    checkReady: () => Promise.resolve(),
    log: { error: (fields: object) => void logged.push(fields), warn: (fields: object) => void warned.push(fields) },
    ...changes,
  });
  // Without the admin API there is no description either.
  return { app: changes.admin === null ? app : checkAnswers(app, describeAdminApi()), logged, warned };
}

/** What the admin API and the ops console work with. */
export function makeAdminDeps({ db, statuses }: Pick<Network, 'db' | 'statuses'>): NonNullable<OpsDeps['admin']> {
  return {
    db,
    adminApiKey: ADMIN_KEY,
    statuses,
    files: createFileTaker({ db, chunkDb: db, maxRows: MAX_ROWS, maxMegabytes: 1 }),
    secrets: ['a secret of sixteen'],
    sessionMs: WINDOW_MS,
    grace: { postbackMs: 420_000, settlementMs: 120_000, importRowMs: 50 },
    checkTemporal: () => Promise.resolve(),
    publicUrl: 'https://cashcat.example',
    addressRules: createAddressRules({ allowCidrs: ['127.0.0.0/8'] }),
    windowMs: WINDOW_MS,
    failingAfter: FAILING_AFTER,
    silentAfterHours: 36,
    pullHeaderKeys: ['a key of sixteen letters'],
    // Whatever else the machine does, no part of the overview is missing for that.
    lookWithinMs: 60_000,
  };
}
