import type { Knex } from 'knex';
import { countRefusedCalls, type RefusedCallCount } from '../db/refused-calls.ts';
import type { RefusalReason } from '../domain/origin-proofs.ts';
import type { Log } from '../log.ts';

/** `sample` is what it looked like, without secrets; it is cut to 2,000 characters. */
export type RefusedCall = { advertiserId: string; reason: RefusalReason; sample: object };

export type RefusedCalls = {
  /** Counts a call that lacked a proof. */
  note(refused: RefusedCall): void;
  /** Resolves once everything that has been noted is written, or cannot be. */
  flush(): Promise<void>;
};

const EVERY_MS = 1000;
const SAMPLE_LENGTH = 2000;

/** Counts refused calls in memory and writes the counts once a second, so that a flood of them costs Postgres nothing. */
export function createRefusedCalls(db: Knex, log: Pick<Log, 'warn'>, everyMs = EVERY_MS): RefusedCalls {
  let counts = new Map<string, RefusedCallCount>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  return {
    note({ advertiserId, reason, sample }) {
      const key = `${advertiserId} ${reason}`;
      const calls = (counts.get(key)?.calls ?? 0) + 1;
      counts.set(key, { advertiserId, reason, calls, sample: textOf(sample) });
      timer ??= setTimeout(() => void flush(), everyMs).unref();
    },
    flush,
  };

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const counted = [...counts.values()];
    counts = new Map();
    if (counted.length > 0) writing = writing.then(() => write(counted));
    return writing;
  }

  /** What cannot be written is left out: no status depends on it. */
  async function write(counted: RefusedCallCount[]): Promise<void> {
    await countRefusedCalls(db, counted).catch((err: unknown) => log.warn({ err }, 'Refused calls were not counted.'));
  }
}

function textOf(sample: object): string {
  return [...JSON.stringify(sample)].slice(0, SAMPLE_LENGTH).join('').toWellFormed().replaceAll('\0', '\ufffd');
}
