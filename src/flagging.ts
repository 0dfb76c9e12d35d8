import type { Knex } from 'knex';
import { flagNext, type FlagLimits } from './db/fraud/flagging.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { repeatUntilStopped, type Repeating } from './repeat-until-stopped.ts';

export type FlaggingDeps = {
  db: Knex;
  limits: FlagLimits;
  intervalMs: number;
  metrics: Pick<Metrics, 'fraudFlags' | 'fraudLeadsSkipped'>;
  log: Pick<Log, 'warn'>;
};

const MOST_NAMED = 10;

/** Flags what looks odd, behind the statuses. Any number of processes may run one; they take turns. */
export function startFlagging({ db, limits, intervalMs, metrics, log }: FlaggingDeps): Repeating {
  return repeatUntilStopped({
    work: catchUp,
    ...{ pauseMs: intervalMs, pause: 'after' },
    onFailure: (err) =>
      log.warn({ err }, 'Statuses cannot be looked through for what is odd; the next look tries again.'),
  });

  async function catchUp(stopAsked: AbortSignal): Promise<void> {
    for (let hasMore = true; hasMore && !stopAsked.aborted;) {
      const flagged = await flagNext(db, limits);
      for (const { kind, flags } of flagged?.flags ?? []) metrics.fraudFlags.inc({ kind }, flags);
      if (flagged && flagged.skipped.length > 0) {
        const leadIds = flagged.skipped.slice(0, MOST_NAMED);
        log.warn(
          { leadIds, leads: flagged.skipped.length },
          'Leads were not looked at for fraud flags: see the report.',
        );
        metrics.fraudLeadsSkipped.inc(flagged.skipped.length);
      }
      hasMore = flagged?.hasMore ?? false;
    }
  }
}
