import type { Knex } from 'knex';
import {
  beginLedgerCheck,
  cancelStatement,
  checkLedger,
  endLedgerCheck,
  readBackendPid,
} from './db/ledger/ledger-check.ts';
import type { Log } from './log.ts';
import { repeatUntilStopped, type Repeating } from './repeat-until-stopped.ts';

export type LedgerWatchDeps = {
  db: Knex;
  /** A single connection of its own: a check takes longer than any other statement. */
  ledgerDb: Knex;
  /** Between two checks, of whichever process. */
  intervalMs: number;
  log: Pick<Log, 'warn' | 'error'>;
};

// Processes do not look at the same moment, and one that has stopped is soon replaced by another.
const LOOKS_PER_INTERVAL = 10;

/**
 * Compares the whole ledger with what was settled, again and again, and keeps the result for the metrics. Any number of
 * processes may run one; they take turns. Stopping ends the check under way.
 */
export function startLedgerWatch({ db, ledgerDb, intervalMs, log }: LedgerWatchDeps): Repeating {
  let checkingPid: number | undefined;
  let isStopping = false;
  const repeating = repeatUntilStopped({
    async work() {
      if (await beginLedgerCheck(db, intervalMs)) await check();
    },
    ...{ pauseMs: intervalMs / LOOKS_PER_INTERVAL, pause: 'before' },
    onFailure(err) {
      if (!isStopping) log.warn({ err }, 'The ledger cannot be checked; the next check tries again.');
    },
  });
  return {
    async stop() {
      isStopping = true;
      const stopped = repeating.stop();
      if (checkingPid !== undefined) await cancelStatement(db, checkingPid).catch(() => undefined);
      await stopped;
    },
  };

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
