import type { Knex } from 'knex';
import { completeAttempt, type AttemptEnd } from '../src/db/attempts.ts';
import { keepTrying } from '../src/keep-trying.ts';
import type { Log } from '../src/log.ts';

export type KeptAnswers = {
  /** False while so many answers are kept that no further call may be made: there might be no room for its answer. */
  hasRoom(): boolean;
  /** Writes the end of an attempt down. @throws when that fails; then it is kept and written as soon as it can be */
  write(answer: AttemptEnd): Promise<void>;
  /** Writes down whatever is not yet written of a postback. @throws when that fails */
  writeKept(postbackId: string): Promise<void>;
  /** To be called when no attempt is under way any more. Goes on for a little while, then logs what is lost. */
  stop(): Promise<void>;
};

type Options = {
  db: Knex;
  log: Log;
  /** An answer takes about 12 KB at most. */
  maxKept?: number;
  stopGraceMs?: number;
};

const MAX_KEPT = 1000;
const STOP_GRACE_MS = 5000;
// Far shorter than an interval between attempts, so that an answer is written before any worker can make the next one.
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 500;

/**
 * What partners have answered, in this process, until it stands in Postgres. While Postgres and Temporal are both away
 * nobody else knows of such an answer: it must outlive the activity that received it.
 */
export function createKeptAnswers(options: Options): KeptAnswers {
  const { db, log, maxKept = MAX_KEPT, stopGraceMs = STOP_GRACE_MS } = options;
  // From the moment in which it came: a statement that hangs may outlive the activity as well.
  const unwritten = new Set<AttemptEnd>();
  /** Of these, the ones that could not be written at once. */
  const kept = new Set<AttemptEnd>();
  const stopping = new AbortController();
  let writingKept: Promise<void> | undefined;

  return {
    hasRoom: () => kept.size < maxKept,
    async write(answer) {
      unwritten.add(answer);
      try {
        await writeDown(answer);
      } catch (err) {
        log.warn({ err, ...nameOf(answer) }, 'The answer of a partner cannot be stored yet; it is kept.');
        writeInBackground();
        throw err;
      }
    },
    async writeKept(postbackId) {
      for (const answer of [...unwritten]) if (answer.postbackId === postbackId) await writeDown(answer);
    },
    async stop() {
      const graceOver = setTimeout(() => stopping.abort(), stopGraceMs);
      while (writingKept) await writingKept;
      clearTimeout(graceOver);
      stopping.abort();
      for (const answer of unwritten) log.error(nameOf(answer), LOST);
    },
  };

  async function writeDown(answer: AttemptEnd): Promise<void> {
    try {
      await completeAttempt(db, answer);
      unwritten.delete(answer);
      if (kept.delete(answer)) log.info(nameOf(answer), 'A kept answer is stored.');
    } catch (error) {
      // It goes to the end, so that one which cannot be written holds up no other. It may just have been written elsewhere.
      kept.delete(answer);
      if (unwritten.has(answer)) kept.add(answer);
      throw error;
    }
  }

  function writeInBackground(): void {
    if (writingKept || stopping.signal.aborted || kept.size === 0) return;
    const written = keepTrying(writeAllKept, {
      signal: stopping.signal,
      firstPauseMs: FIRST_PAUSE_MS,
      longestPauseMs: LONGEST_PAUSE_MS,
      onFailure: () => undefined,
    });
    writingKept = written.finally(() => {
      writingKept = undefined;
      // One may have come in the moment in which the last one was written.
      writeInBackground();
    });
  }

  async function writeAllKept(): Promise<void> {
    for (const answer of kept) await writeDown(answer);
  }
}

const LOST =
  'A partner has answered, but Postgres has not come back in time to store it: unless Temporal was told, the partner is called again.';

function nameOf({ postbackId, attempt, outcome, httpStatus, error }: AttemptEnd) {
  return { postbackId, attempt, outcome, httpStatus, error };
}
