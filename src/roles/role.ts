import type { Knex } from 'knex';
import type { Config } from '../config.ts';
import type { Grace } from '../db/overdue.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';

/** What every role of one process shares. */
export type RoleDeps = { config: Config; db: Knex; metrics: Metrics; log: Log };

export type RunningRole = {
  /** Rejects while the role cannot do its work. */
  checkReady(): Promise<void>;
  stop(): Promise<void>;
};

const MS_PER_SECOND = 1000;

/** How late things may be before they count as overdue. */
export function graceOf({ sweep, postbacks }: Pick<Config, 'sweep' | 'postbacks'>): Grace {
  const { marginMs, importRowsPerSecond } = sweep;
  return {
    postbackMs: postbacks.intervalMs + marginMs,
    settlementMs: marginMs,
    importRowMs: MS_PER_SECOND / importRowsPerSecond,
  };
}
