import type { Knex } from 'knex';
import { createGroupCommit } from '../db/group-commit.ts';
import { inPipelinedTransaction } from '../db/pipelined.ts';
import { conversionKey, type Held } from '../db/statuses/lock-conversions.ts';
import { recordStatuses, recordUnheldStatuses, type StatusVerdict } from '../db/statuses/record-statuses.ts';
import type { StatusReport } from '../domain/status-report.ts';

// After so long a batch makes room for others that wait, and is halved to find what it waits for.
const LOCK_WITHIN_MS = 200;
// A batch waits for two answers and for the disk, so that others can be read, judged and written meanwhile.
const SWIFT_BATCHES_IN_FLIGHT = 4;
// A batch costs as much as several statuses do, however few it has.
const SWIFT_ROWS_BESIDE = 16;

export type StatusLanesDeps = {
  db: Knex;
  windowMs: number;
  /** How long a report waits for its answer, 2 s when left out; longer in tests, so that no busy machine decides them. */
  answerWithinMs?: number;
  /** How long a batch waits for what somebody else has locked, 200 ms when left out; longer in tests, likewise. */
  lockWithinMs?: number;
};

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
 * long as one of an advertiser is there, its further ones go there at once. Reports on leads that somebody else holds, and
 * those of an advertiser whose prices are being changed, change into a third lane, where they wait together. So what is held
 * for long stops only those who need it as well. What is reported of a conversion later follows what waits.
 */
export function createStatusLanes({
  db,
  windowMs,
  answerWithinMs,
  lockWithinMs = LOCK_WITHIN_MS,
}: StatusLanesDeps): StatusLanes {
  const swift = createGroupCommit<StatusReport, StatusVerdict | Held>(
    (batch) =>
      inPipelinedTransaction(db, {}, (trx, commit) =>
        recordUnheldStatuses(trx, batch, { windowMs, whenCounting: 'leave', commit }),
      ),
    { answerWithinMs, batchesInFlight: SWIFT_BATCHES_IN_FLIGHT, rowsBeside: SWIFT_ROWS_BESIDE },
  );
  const counting = createGroupCommit<StatusReport, StatusVerdict | Held>(
    (batch) =>
      inPipelinedTransaction(db, { lockWithinMs }, (trx, commit) =>
        recordUnheldStatuses(trx, batch, { windowMs, whenCounting: 'wait', commit }),
      ),
    { answerWithinMs },
  );
  const patient = createGroupCommit<StatusReport, StatusVerdict>(
    (batch) =>
      inPipelinedTransaction(db, { lockWithinMs }, (trx, commit) => recordStatuses(trx, batch, { windowMs, commit })),
    { answerWithinMs },
  );
  const beingCounted = new Map<string, number>();
  /** By conversion: what is said of it in a later lane. Ends when that is committed or refused. */
  const underWay = new Map<string, Promise<void>>();
  return {
    async record(report) {
      // One time for all lanes: what its caller has given up must not be stored behind what the caller says next.
      const since = performance.now();
      const conversion = conversionKey(report.advertiserId, report.conversionId ?? '');
      while (underWay.has(conversion)) await underWay.get(conversion);
      const isCounting = report.meaning === 'approved' && beingCounted.has(report.advertiserId);
      const verdict = isCounting ? 'count_held' : await swift.commit(report, since);
      if (typeof verdict !== 'string') return verdict;
      const recorded = recordWhatIsHeld(report, verdict, since);
      const ended = recorded.then(doNothing, doNothing);
      underWay.set(conversion, ended);
      try {
        return await recorded;
      } finally {
        if (underWay.get(conversion) === ended) underWay.delete(conversion);
      }
    },
    async flush() {
      await swift.flush();
      await counting.flush();
      await patient.flush();
    },
  };

  async function recordWhatIsHeld(report: StatusReport, held: Held, since: number): Promise<StatusVerdict> {
    const verdict = held === 'count_held' ? await count(report, since) : held;
    return typeof verdict === 'string' ? await patient.commit(report, since) : verdict;
  }

  async function count(report: StatusReport, since: number): Promise<StatusVerdict | Held> {
    const { advertiserId } = report;
    beingCounted.set(advertiserId, (beingCounted.get(advertiserId) ?? 0) + 1);
    try {
      return await counting.commit(report, since);
    } finally {
      const left = (beingCounted.get(advertiserId) ?? 1) - 1;
      if (left > 0) beingCounted.set(advertiserId, left);
      else beingCounted.delete(advertiserId);
    }
  }
}

function doNothing(): void {
  // Whoever waits for an end does not ask how it was.
}
