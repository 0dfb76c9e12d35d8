import { AppError } from '../errors.ts';
import { isBadRow, isBlocked, isDatabaseAway } from './sqlstate.ts';

const MAX_BATCH = 256;
const MAX_BATCHES_IN_FLIGHT = 2;
// More than can be written in the time that a row may wait: a bound for memory.
const MAX_WAITING = 50_000;
// A visitor is better served by a page that repeats itself than by a longer wait. A write that meets a locked row waits
// 100 ms for it and then fails as a whole; after eight halvings and one more try, 1 s, the row of a full batch is refused
// alone, in time for its neighbours.
const ANSWER_WITHIN_MS = 2000;
// About as long as two batches of statuses take. Beside a batch that does not end nobody waits longer for company.
const COMPANY_WITHIN_MS = 20;

export type GroupCommit<Row, Result = void> = {
  /**
   * Resolves once the row is committed.
   * @param since when its caller began to wait, by the same clock, where that was before this call
   * @throws AppError `unavailable` when the store cannot take it in time
   */
  commit: (row: Row, since?: number) => Promise<Result>;
  /** Resolves once everything handed in so far is committed or given up. */
  flush: () => Promise<void>;
};

export type GroupCommitOptions = {
  /** How long a row may wait for its answer, waiting and being written together. */
  answerWithinMs?: number;
  /** How many batches are written at the same time at most. */
  batchesInFlight?: number;
  /** How many rows a batch has at least while others are being written; fewer wait for company, 20 ms at most. */
  rowsBeside?: number;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
};

type Waiting<Row, Result> = {
  row: Row;
  since: number;
  isRefused: boolean;
  resolve: (result: Result) => void;
  reject: (reason: Error) => void;
};

/**
 * Awaited group commit: rows queue in memory, whatever has gathered while earlier batches were being written goes out
 * as the next batch, and each caller is answered when its batch has committed. An idle system commits at once, a busy one
 * in large batches. Rows linger only where `rowsBeside` is given: each batch costs something, however small it is.
 *
 * A row that has waited too long is refused. If it is being written at that moment it may still be committed, as with any
 * answer that does not arrive. When the store turns out to be away, everything that waits for it is refused.
 *
 * @param write commits all rows of a batch or none, and ends by itself when the store does not answer; where callers wait
 * for results, it returns one for each row
 */
export function createGroupCommit<Row, Result = void>(
  write: (rows: Row[]) => Promise<Result[]> | Promise<void>,
  options: GroupCommitOptions = {},
): GroupCommit<Row, Result> {
  const { answerWithinMs = ANSWER_WITHIN_MS, batchesInFlight = MAX_BATCHES_IN_FLIGHT } = options;
  const { rowsBeside = 1, now = () => performance.now() } = options;
  let waiting: Waiting<Row, Result>[] = [];
  const inFlight = new Set<Waiting<Row, Result>[]>();
  const idle: (() => void)[] = [];
  const refusing = createAlarm(now, refuseOverdue);
  const company = createAlarm(now, pump);

  return {
    commit(row, since = now()) {
      if (waiting.length >= MAX_WAITING) {
        return Promise.reject(
          new AppError('unavailable', 'Too many requests are waiting to be stored; try again shortly.'),
        );
      }
      return new Promise((resolve, reject) => {
        waiting.push({ row, since, isRefused: false, resolve, reject });
        // After the current tick, so that requests read from one socket turn share a batch.
        if (waiting.length === 1 || waiting.length === rowsBeside) setImmediate(pump);
        refusing.setFor(since + answerWithinMs);
      });
    },
    flush() {
      if (waiting.length === 0 && inFlight.size === 0) return Promise.resolve();
      return new Promise((resolve) => idle.push(resolve));
    },
  };

  function pump(): void {
    while (isBatchDue()) {
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(MAX_BATCH);
      inFlight.add(batch);
      void writeOrSplit(batch).finally(() => {
        inFlight.delete(batch);
        pump();
        endIdle();
      });
    }
    const [first] = waiting;
    if (first && inFlight.size < batchesInFlight) company.setFor(first.since + COMPANY_WITHIN_MS);
  }

  function isBatchDue(): boolean {
    const [first] = waiting;
    if (!first || inFlight.size >= batchesInFlight) return false;
    return inFlight.size === 0 || waiting.length >= rowsBeside || now() >= first.since + COMPANY_WITHIN_MS;
  }

  function endIdle(): void {
    if (waiting.length === 0 && inFlight.size === 0) for (const resolve of idle.splice(0)) resolve();
  }

  /** One bad value or locked row must not fail its neighbours: the batch is halved until that row stands alone. */
  async function writeOrSplit(given: Waiting<Row, Result>[], isSecondTry = false): Promise<void> {
    const batch = given.filter((entry) => !refuseIfOverdue(entry));
    if (batch.length === 0) return;
    try {
      const results = await write(batch.map(({ row }) => row));
      for (const [index, { resolve }] of batch.entries()) resolve(results?.[index] as Result);
    } catch (error) {
      if (batch.length > 1 && (isBadRow(error) || isBlocked(error))) {
        const half = batch.length >> 1;
        await writeOrSplit(batch.slice(0, half));
        await writeOrSplit(batch.slice(half));
        return;
      }
      // Most locks are held for a moment only.
      if (isBlocked(error) && !isSecondTry) return await writeOrSplit(batch, true);
      refuse(batch, toRefusal(error));
      if (isDatabaseAway(error) && !isBlocked(error)) refuse(waiting.splice(0), toRefusal(error));
    }
  }

  function refuseOverdue(): void {
    for (const batch of inFlight) batch.forEach(refuseIfOverdue);
    waiting = waiting.filter((entry) => !refuseIfOverdue(entry));
    endIdle();
    for (const batch of [...inFlight, waiting])
      for (const { since, isRefused } of batch) if (!isRefused) refusing.setFor(since + answerWithinMs);
  }

  function refuseIfOverdue(entry: Waiting<Row, Result>): boolean {
    if (!entry.isRefused && now() >= entry.since + answerWithinMs) refuse([entry], overdue());
    return entry.isRefused;
  }
}

/** Rings once, at the earliest of the times that it has been set for, or a moment before; then it can be set again. */
function createAlarm(now: () => number, ring: () => void): { setFor: (time: number) => void } {
  let set: { time: number; timer: NodeJS.Timeout } | undefined;
  return {
    setFor(time) {
      if (set && set.time <= time) return;
      clearTimeout(set?.timer);
      set = { time, timer: setTimeout(end, Math.max(0, time - now())).unref() };
    },
  };

  function end(): void {
    set = undefined;
    ring();
  }
}

function refuse(entries: Pick<Waiting<unknown, unknown>, 'isRefused' | 'reject'>[], refusal: AppError): void {
  for (const entry of entries) {
    entry.isRefused = true;
    entry.reject(refusal);
  }
}

function overdue(): AppError {
  return new AppError('unavailable', 'The request could not be stored in time; try again shortly.');
}

function toRefusal(cause: unknown): AppError {
  return isBadRow(cause)
    ? new AppError('malformed', 'The request holds a value that cannot be stored.', { cause })
    : new AppError('unavailable', 'The request could not be stored; try again shortly.', { cause });
}
