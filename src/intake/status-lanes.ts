import type { Knex } from 'knex';
import { createGroupCommit } from '../db/group-commit.ts';
import { limitWaiting, type Held } from '../db/statuses/lock-conversions.ts';
import { recordStatuses, recordUnheldStatuses, type StatusVerdict } from '../db/statuses/record-statuses.ts';
import type { StatusReport } from '../domain/status-report.ts';

// After so long a batch makes room for others that wait, and is halved to find what it waits for.
const WAIT_MS = 200;

export type StatusLanes = {
  /**
   * Resolves once the report is committed with what became of it.
   * @throws AppError `unavailable`; when its time was up, it may be kept all the same. `malformed` for what cannot be stored
   */
  record(report: StatusReport): Promise<StatusVerdict>;
  /** Resolves once everything handed in so far is committed or refused. */
  flush(): Promise<void>;
};

/**
 * Gathers reports that somebody waits for into common transactions. In the first lane nobody waits for what somebody else
 * holds. Approvals that would have to wait to be counted change into a second lane, where they wait for each other; and as
 * long as one of an advertiser is there, its further ones go there at once. Reports on leads that somebody else holds change
 * into a third lane, where they wait together. So what is held for long stops only those who need it as well.
 */
export function createStatusLanes(db: Knex, windowMs: number): StatusLanes {
  const unheld = (whenCounting: 'wait' | 'leave') =>
    createGroupCommit<StatusReport, StatusVerdict | Held>((batch) =>
      db.transaction((trx) => recordUnheldStatuses(trx, batch, { windowMs, whenCounting })),
    );
  const [swift, counting] = [unheld('leave'), unheld('wait')];
  const patient = createGroupCommit<StatusReport, StatusVerdict>((batch) =>
    db.transaction(async (trx) => {
      await limitWaiting(trx, WAIT_MS);
      return await recordStatuses(trx, batch, { windowMs });
    }),
  );
  const beingCounted = new Map<string, number>();
  return {
    async record(report) {
      const { meaning, advertiserId } = report;
      const isCounting = meaning === 'approved' && beingCounted.has(advertiserId);
      let verdict = isCounting ? 'count_held' : await swift.commit(report);
      if (verdict === 'count_held') verdict = await count(report);
      return typeof verdict === 'string' ? await patient.commit(report) : verdict;
    },
    async flush() {
      await swift.flush();
      await counting.flush();
      await patient.flush();
    },
  };

  async function count(report: StatusReport): Promise<StatusVerdict | Held> {
    const { advertiserId } = report;
    beingCounted.set(advertiserId, (beingCounted.get(advertiserId) ?? 0) + 1);
    try {
      return await counting.commit(report);
    } finally {
      const left = (beingCounted.get(advertiserId) ?? 1) - 1;
      if (left > 0) beingCounted.set(advertiserId, left);
      else beingCounted.delete(advertiserId);
    }
  }
}
