import type { Knex } from 'knex';
import { createGroupCommit } from '../db/group-commit.ts';
import { limitWaiting } from '../db/statuses/lock-conversions.ts';
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
 * Gathers reports that somebody waits for into common transactions. In the first lane nobody waits for a lead that
 * somebody else holds: reports on such leads change into the second one, where they wait for it together. So a lead that is
 * held for long stops only those who report on leads that are held as well.
 */
export function createStatusLanes(db: Knex, windowMs: number): StatusLanes {
  const swift = createGroupCommit<StatusReport, StatusVerdict | undefined>((batch) =>
    db.transaction((trx) => recordUnheldStatuses(trx, batch, { windowMs })),
  );
  const patient = createGroupCommit<StatusReport, StatusVerdict>((batch) =>
    db.transaction(async (trx) => {
      await limitWaiting(trx, WAIT_MS);
      return await recordStatuses(trx, batch, { windowMs });
    }),
  );
  return {
    async record(report) {
      return (await swift.commit(report)) ?? (await patient.commit(report));
    },
    async flush() {
      await swift.flush();
      await patient.flush();
    },
  };
}
