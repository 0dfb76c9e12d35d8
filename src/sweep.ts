import type { Knex } from 'knex';
import { closeDeadAttempts } from './db/attempts.ts';
import { beginSweep, endSweep, oweOverdue, type Grace } from './db/overdue.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { repeatUntilStopped, type Repeating } from './repeat-until-stopped.ts';

export type SweepDeps = {
  db: Knex;
  grace: Grace;
  /** Between two sweeps, of whichever process. */
  intervalMs: number;
  metrics: Pick<Metrics, 'swept'>;
  log: Log;
};

const LEADS_PER_BATCH = 500;

/**
 * Once a lead is relayed, only Temporal remembers what is due of it. The sweep finds in Postgres what should have been
 * done long ago, and makes its lead owe again: a workflow that is gone is started anew, one that is there looks at
 * Postgres. It also closes attempts whose worker died. Any number of processes may run one; they take turns.
 * Stopping ends the sweep under way after its batch.
 */
export function startSweep(deps: SweepDeps): Repeating {
  const { intervalMs, log } = deps;
  return repeatUntilStopped({
    work: (stopAsked) => sweep(deps, stopAsked),
    ...{ pauseMs: intervalMs, pause: 'before' },
    onFailure: (err) => log.warn({ err }, 'What is overdue cannot be looked for; the next sweep tries again.'),
  });
}

/** One sweep, unless another process has made one just now. */
async function sweep({ db, grace, intervalMs, metrics, log }: SweepDeps, stopAsked: AbortSignal): Promise<void> {
  // Half an interval, because processes do not tick at the same moment.
  if (!(await beginSweep(db, intervalMs / 2))) return;
  await closeDeadAttempts(db);
  let leads = 0;
  let batch: number;
  do {
    batch = await oweOverdue(db, grace, LEADS_PER_BATCH);
    leads += batch;
  } while (batch === LEADS_PER_BATCH && !stopAsked.aborted);
  await endSweep(db, grace);
  metrics.swept.inc(leads);
  if (leads > 0) log.warn({ leads }, 'Leads with something overdue were made to owe again; see docs/alerts.yml.');
}
