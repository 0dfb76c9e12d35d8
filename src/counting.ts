import type { Knex } from 'knex';
import { countNext } from './db/counting/counting.ts';
import type { Log } from './log.ts';
import { repeatUntilStopped, type Repeating } from './repeat-until-stopped.ts';

export type CountingDeps = {
  /** Connections of its own: a step may take longer than any other statement. */
  db: Knex;
  intervalMs: number;
  log: Pick<Log, 'warn'>;
};

const SECOND_MS = 1000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;
// A step should take about so long: no relay waits long for it when it is stopped.
const STEP_MS = 500;
const LEAST_SPAN_MS = SECOND_MS;
const LARGEST_SPAN_MS = 30 * DAY_MS;

/**
 * Counts the facts of partners behind the clicks, in steps; after an upgrade or a long outage it catches up, one step right
 * after the other; stopping waits for the step under way. Any number of processes may run one; they take turns.
 */
export function startCounting({ db, intervalMs, log }: CountingDeps): Repeating {
  let spanMs = intervalMs;
  return repeatUntilStopped({
    work: catchUp,
    ...{ pauseMs: intervalMs, pause: 'after' },
    onFailure(err) {
      spanMs = fit(spanMs / 4);
      log.warn({ err }, 'New facts cannot be counted; the next step tries again. Figures are read from the facts.');
    },
  });

  async function catchUp(stopAsked: AbortSignal): Promise<void> {
    for (let isDone = false; !isDone && !stopAsked.aborted;) {
      const began = performance.now();
      const counted = await countNext(db, spanMs);
      isDone = counted?.isDone ?? true;
      const tookMs = performance.now() - began;
      if (!isDone) spanMs = fit(spanMs * Math.min(2, Math.max(0.25, STEP_MS / tookMs)));
    }
  }
}

function fit(spanMs: number): number {
  return Math.round(Math.min(LARGEST_SPAN_MS, Math.max(LEAST_SPAN_MS, spanMs)));
}
