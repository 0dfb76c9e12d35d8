import type { Knex } from 'knex';
import { createGroupCommit } from '../../src/db/group-commit.ts';
import {
  beginAttempts,
  endAttempts,
  type BegunAttempt,
  type NewReplayAttempt,
  type ReplayAttemptEnd,
} from '../../src/db/replays/replay-attempts.ts';
import { sqlStateOf, UNIQUE_VIOLATION } from '../../src/db/sqlstate.ts';
import { keepTrying } from '../../src/keep-trying.ts';
import type { Log } from '../../src/log.ts';
import type { Metrics } from '../../src/metrics.ts';
import { createUnderWay } from '../../src/under-way.ts';

export type AttemptWriter = {
  /** Writes an attempt down, or says why its call must not be made. @throws when Postgres is away */
  begin(attempt: NewReplayAttempt): Promise<BegunAttempt>;
  /** Records what came of a call, however long that takes. */
  end(end: ReplayAttemptEnd): Promise<void>;
  /** Resolves when every answer that has come so far is recorded. */
  allRecorded(): Promise<void>;
  /** To be called when no attempt is under way any more. Goes on for a little while, then logs what is lost. */
  stop(): Promise<void>;
};

type WriterDeps = { db: Knex; metrics: Pick<Metrics, 'replayed'>; log: Log };

const WAIT_MS = 5000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 500;
const STOP_GRACE_MS = 5000;

/** Writes the attempts of all replays of this process in common batches, as clicks are written. */
export function createAttemptWriter({ db, metrics, log }: WriterDeps): AttemptWriter {
  // One batch at a time, of each: the larger it is, the less each attempt costs. Two ends would besides wait for each other,
  // because they raise the counters of the same replays.
  const begins = createGroupCommit<NewReplayAttempt, BegunAttempt>((batch) => beginAttempts(db, batch), {
    answerWithinMs: WAIT_MS,
    batchesInFlight: 1,
  });
  const ends = createGroupCommit<ReplayAttemptEnd>((batch) => endAttempts(db, batch), {
    answerWithinMs: WAIT_MS,
    batchesInFlight: 1,
  });
  const unrecorded = createUnderWay();
  const stopping = new AbortController();

  return {
    async begin(attempt) {
      try {
        return await begins.commit(attempt);
      } catch (error) {
        // Another replay has just written an attempt of the same postback down.
        if (isRepeated(error)) return { verdict: 'blocked', attempt: 0 };
        throw error;
      }
    },
    end: (end) => unrecorded.run(() => record(end)),
    allRecorded: () => unrecorded.allEnded(),
    async stop() {
      const graceOver = setTimeout(() => stopping.abort(), STOP_GRACE_MS);
      await unrecorded.allEnded();
      clearTimeout(graceOver);
    },
  };

  async function record(end: ReplayAttemptEnd): Promise<void> {
    const isRecorded = await keepTrying(() => ends.commit(end).then(() => true), {
      signal: stopping.signal,
      firstPauseMs: FIRST_PAUSE_MS,
      longestPauseMs: LONGEST_PAUSE_MS,
      onFailure: () => undefined,
    });
    const { postbackId, attempt, outcome, httpStatus, error } = end;
    if (isRecorded) metrics.replayed.inc({ result: outcome });
    else log.error({ postbackId, attempt, outcome, httpStatus, error }, LOST);
  }
}

function isRepeated(error: unknown): boolean {
  return error instanceof Error && sqlStateOf(error.cause) === UNIQUE_VIOLATION;
}

const LOST =
  'A partner has answered a replay, but Postgres has not come back in time to store it: the partner is called again.';
