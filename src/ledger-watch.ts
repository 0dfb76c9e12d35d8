import type { Knex } from 'knex';
import {
  beginLedgerCheck,
  cancelStatement,
  checkLedger,
  endLedgerCheck,
  readBackendPid,
} from './db/ledger/ledger-check.ts';
import type { Log } from './log.ts';
import { pauseUnlessAborted } from './pause.ts';

export type LedgerWatchDeps = {
  db: Knex;
  /** A single connection of its own: a check takes longer than any other statement. */
  ledgerDb: Knex;
  /** Between two checks, of whichever process. */
  intervalMs: number;
  log: Pick<Log, 'warn' | 'error'>;
};

export type LedgerWatch = {
  /** Ends the check under way. */
  stop(): Promise<void>;
};

// Processes do not look at the same moment, and one that has stopped is soon replaced by another.
const LOOKS_PER_INTERVAL = 10;

/**
 * Compares the whole ledger with what was settled, again and again, and keeps the result for the metrics. Any number of
 * processes may run one; they take turns.
 */
export function startLedgerWatch({ db, ledgerDb, intervalMs, log }: LedgerWatchDeps): LedgerWatch {
  const stopping = new AbortController();
  let checkingPid: number | undefined;
  const running = run();

  return {
    async stop() {
      stopping.abort();
      if (checkingPid !== undefined) await cancelStatement(db, checkingPid).catch(() => undefined);
      await running;
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pauseUnlessAborted(intervalMs / LOOKS_PER_INTERVAL, stopping.signal);
      try {
        if (!stopping.signal.aborted && (await beginLedgerCheck(db, intervalMs))) await check();
      } catch (err) {
        if (!stopping.signal.aborted) log.warn({ err }, 'The ledger cannot be checked; the next check tries again.');
      }
    }
  }

  async function check(): Promise<void> {
    checkingPid = await readBackendPid(ledgerDb);
    try {
      const result = await checkLedger(ledgerDb);
      await endLedgerCheck(db, result);
      const { is_balanced: isBalanced, differences } = result;
      if (!isBalanced) log.error({ differences }, 'The ledger differs from what was settled; see docs/alerts.yml.');
    } finally {
      checkingPid = undefined;
    }
  }
}
