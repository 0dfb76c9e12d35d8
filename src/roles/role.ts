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

/** How late things may be before they count as overdue. */
export function graceOf({ sweep, postbacks }: Pick<Config, 'sweep' | 'postbacks'>): Grace {
  return { postbackMs: postbacks.intervalMs + sweep.marginMs, settlementMs: sweep.marginMs };
}
