import type { Knex } from 'knex';
import { limitWaiting } from './limit-waiting.ts';
import { leadFacts } from './migrations/001-lead-facts.ts';
import { sameCollations } from './migrations/002-same-collations.ts';
import { overdue } from './migrations/003-overdue.ts';
import { runningAttempts } from './migrations/004-running-attempts.ts';
import { lists } from './migrations/005-lists.ts';
import { partnerSide } from './migrations/006-partner-side.ts';
import { analytics } from './migrations/007-analytics.ts';
import { replays } from './migrations/008-replays.ts';
import { consoleSessions } from './migrations/009-console-sessions.ts';
import { signingSecrets } from './migrations/010-signing-secrets.ts';
import { partnerEndpoints } from './migrations/011-partner-endpoints.ts';
import { partnerConversions } from './migrations/012-partner-conversions.ts';
import { replaysOnce } from './migrations/013-replays-once.ts';
import { partnerConversionList } from './migrations/014-partner-conversion-list.ts';
import { endpointsByOrigin } from './migrations/015-endpoints-by-origin.ts';
import { adminKeys } from './migrations/016-admin-keys.ts';
import { words } from './migrations/017-words.ts';
import { statusReports } from './migrations/018-status-reports.ts';
import { imports } from './migrations/019-imports.ts';
import { priceLists } from './migrations/020-price-lists.ts';
import { ledger } from './migrations/021-ledger.ts';
import { fraud } from './migrations/023-fraud.ts';
import { retention } from './migrations/024-retention.ts';
import { notNotified } from './migrations/025-not-notified.ts';
import { fastConsole } from './migrations/026-fast-console.ts';
import { originProofs } from './migrations/027-origin-proofs.ts';
import { pulls } from './migrations/028-pulls.ts';
import { boundedFlagging } from './migrations/029-bounded-flagging.ts';
import { eventTimes } from './migrations/030-event-times.ts';
import { swiftImports } from './migrations/030-swift-imports.ts';
import { signedCalls } from './migrations/032-signed-calls.ts';
import { zeroCorrections } from './migrations/033-zero-corrections.ts';
import { importsOnce } from './migrations/034-imports-once.ts';
import { wordsCompared } from './migrations/034-words-compared.ts';
import { bulkOwed } from './migrations/035-bulk-owed.ts';
import { unanswered } from './migrations/035-unanswered.ts';
import { importFiles } from './migrations/036-import-files.ts';
import { pullAttempts } from './migrations/037-pull-attempts.ts';
import { boundedPulls } from './migrations/038-bounded-pulls.ts';
import { quietRevisions } from './migrations/039-quiet-revisions.ts';
import { signedFiles } from './migrations/040-signed-files.ts';
import { bulkRanks } from './migrations/041-bulk-ranks.ts';
import { columnNames } from './migrations/042-column-names.ts';
import type { Migration } from './migrations/migration.ts';

// Never edited after they have landed; a change is a new one.
const migrations: Record<string, Migration> = {
  '001-lead-facts': leadFacts,
  '002-same-collations': sameCollations,
  '003-overdue': overdue,
  '004-running-attempts': runningAttempts,
  '005-lists': lists,
  '006-partner-side': partnerSide,
  '007-analytics': analytics,
  '008-replays': replays,
  '009-console-sessions': consoleSessions,
  '010-signing-secrets': signingSecrets,
  '011-partner-endpoints': partnerEndpoints,
  '012-partner-conversions': partnerConversions,
  '013-replays-once': replaysOnce,
  '014-partner-conversion-list': partnerConversionList,
  '015-endpoints-by-origin': endpointsByOrigin,
  '016-admin-keys': adminKeys,
  '017-words': words,
  '018-status-reports': statusReports,
  '019-imports': imports,
  '020-price-lists': priceLists,
  '021-ledger': ledger,
  '023-fraud': fraud,
  '024-retention': retention,
  '025-not-notified': notNotified,
  '026-fast-console': fastConsole,
  '027-origin-proofs': originProofs,
  '028-pulls': pulls,
  '029-bounded-flagging': boundedFlagging,
  '030-event-times': eventTimes,
  '030-swift-imports': swiftImports,
  '032-signed-calls': signedCalls,
  '033-zero-corrections': zeroCorrections,
  '034-imports-once': importsOnce,
  '034-words-compared': wordsCompared,
  '035-bulk-owed': bulkOwed,
  '035-unanswered': unanswered,
  '036-import-files': importFiles,
  '037-pull-attempts': pullAttempts,
  '038-bounded-pulls': boundedPulls,
  '039-quiet-revisions': quietRevisions,
  '040-signed-files': signedFiles,
  '041-bulk-ranks': bulkRanks,
  '042-column-names': columnNames,
};

const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: () => Promise.resolve(Object.keys(migrations)),
  getMigrationName: (name) => name,
  getMigration: (name) => {
    const migration = migrations[name];
    return migration ? Promise.resolve(migration) : Promise.reject(new Error(`There is no migration ${name}.`));
  },
};

// Any number, as long as it is always the same.
const MIGRATION_LOCK = 7_220_415_031;
// Whoever uses a table queues behind a migration that waits for it: so long, and no longer, does each wait stop them. What a
// migration has locked stays so until all are made.
const TABLE_WAIT_MS = 500;

/**
 * Brings the schema up to date; several processes may do so at once.
 * @returns the names of what was applied
 * @throws an error of which `isLockHeld` is true when somebody else goes on using what is to be changed; nothing was applied
 *   then
 */
export async function migrate(db: Knex): Promise<string[]> {
  return await withMigrationLock(db, async (trx) => {
    const [, applied] = (await trx.migrate.latest({ migrationSource })) as [number, string[]];
    return applied;
  });
}

/** Takes the last batch of migrations back. */
export async function rollBack(db: Knex): Promise<void> {
  await withMigrationLock(db, (trx) => trx.migrate.rollback({ migrationSource }));
}

/** Waits while another process migrates. */
export async function hasPendingMigrations(db: Knex): Promise<boolean> {
  return await withMigrationLock(db, async (trx) => {
    const [, pending] = (await trx.migrate.list({ migrationSource })) as [unknown[], unknown[]];
    return pending.length > 0;
  });
}

/** knex's own lock fails whoever comes second, and stays behind when its holder is killed; this one waits and cannot. */
async function withMigrationLock<T>(db: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  return await db.transaction(async (trx) => {
    // A migration takes as long as it takes, and so does waiting for another process.
    await trx.raw('set local statement_timeout = 0');
    await trx.raw('select pg_advisory_xact_lock(:lock)', { lock: MIGRATION_LOCK });
    await limitWaiting(trx, TABLE_WAIT_MS);
    return await work(trx);
  });
}
