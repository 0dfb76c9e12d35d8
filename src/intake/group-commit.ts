import { isBlocked, isRowRefused } from '../db/sqlstate.ts';
import { AppError } from '../errors.ts';

const MAX_BATCH = 256;
const MAX_BATCHES_IN_FLIGHT = 2;
// A few seconds of work at full speed; beyond that a caller is better served by a quick refusal.
const MAX_WAITING = 50_000;
// How long a batch may be halved in search of a locked row, counted from its first failure. A write that meets a locked
// row waits 300 ms for it and then fails as a whole. Its two halves are written next: one is committed, the other meets
// the row, waits and fails. After eight halvings, 2.4 s, the row of a full batch stands alone and is refused. When many
// rows are locked, many halves wait. Then the time runs out, and a half that meets a locked row is refused as a whole, so
// that the batches behind it get their turn.
const FIND_BLOCKED_MS = 5000;

export type GroupCommit<Row> = {
  /** Resolves once the row is committed. @throws AppError `unavailable` when the store cannot take it */
  commit: (row: Row) => Promise<void>;
  /** Resolves once everything handed in so far is committed or refused. */
  flush: () => Promise<void>;
};

type Waiting<Row> = { row: Row; resolve: () => void; reject: (reason: Error) => void };

/**
 * Awaited group commit: rows queue in memory, whatever has gathered while earlier batches were being written goes out
 * as the next batch, and each caller is answered when its batch has committed. There is no linger timer: an idle
 * system commits at once, a busy one in large batches.
 *
 * @param write commits all rows of a batch or none
 * @param now milliseconds of a clock that never goes back
 */
export function createGroupCommit<Row>(
  write: (rows: Row[]) => Promise<void>,
  now: () => number = () => performance.now(),
): GroupCommit<Row> {
  let waiting: Waiting<Row>[] = [];
  let inFlight = 0;
  const idle: (() => void)[] = [];

  return {
    commit(row) {
      if (waiting.length >= MAX_WAITING) {
        return Promise.reject(
          new AppError('unavailable', 'Too many requests are waiting to be stored; try again shortly.'),
        );
      }
      return new Promise((resolve, reject) => {
        waiting.push({ row, resolve, reject });
        // After the current tick, so that requests read from one socket turn share a batch.
        if (waiting.length === 1) setImmediate(pump);
      });
    },
    flush() {
      if (waiting.length === 0 && inFlight === 0) return Promise.resolve();
      return new Promise((resolve) => idle.push(resolve));
    },
  };

  function pump(): void {
    while (inFlight < MAX_BATCHES_IN_FLIGHT && waiting.length > 0) {
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(MAX_BATCH);
      inFlight++;
      void writeOrSplit(batch).finally(() => {
        inFlight--;
        pump();
        if (waiting.length === 0 && inFlight === 0) for (const resolve of idle.splice(0)) resolve();
      });
    }
  }

  /** One bad value or locked row must not fail its neighbours: the batch is halved until that row stands alone. */
  async function writeOrSplit(batch: Waiting<Row>[], firstRefusedAt?: number): Promise<void> {
    try {
      await write(batch.map(({ row }) => row));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      const refusedAt = firstRefusedAt ?? now();
      const isWorthSplitting = isRowRefused(error) || (isBlocked(error) && now() - refusedAt < FIND_BLOCKED_MS);
      if (batch.length > 1 && isWorthSplitting) {
        const half = batch.length >> 1;
        await writeOrSplit(batch.slice(0, half), refusedAt);
        await writeOrSplit(batch.slice(half), refusedAt);
        return;
      }
      const refusal = toRefusal(error);
      for (const { reject } of batch) reject(refusal);
    }
  }
}

function toRefusal(cause: unknown): AppError {
  return isRowRefused(cause)
    ? new AppError('malformed', 'The request holds a value that cannot be stored.', { cause })
    : new AppError('unavailable', 'The request could not be stored; try again shortly.', { cause });
}
