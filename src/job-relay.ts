import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import type { JobTells, JobToTell } from './db/jobs/job-tells.ts';
import type { Log } from './log.ts';
import { pauseUnlessAborted } from './pause.ts';
import { runUntilStopped } from './repeat-until-stopped.ts';

/** A kind of long jobs, and how the workflow of one is told. */
export type JobKind<Facts extends object> = {
  /** As logs name them. */
  name: 'replay' | 'import' | 'pull';
  tells: JobTells<Facts>;
  tell: (client: Client, job: JobToTell<Facts>) => Promise<void>;
};

export type JobRelayDeps<Facts extends object> = {
  kind: JobKind<Facts>;
  db: Knex;
  client: Client;
  /** Of which nothing has been heard for so long, the workflow may be lost. */
  silentMs?: number;
  log: Log;
};

export type JobRelay = {
  /** Ends when what it has taken is told. */
  stop(): Promise<void>;
};

// A look into an index that is empty nearly always.
const POLL_MS = 100;
const PAUSE_AFTER_FAILURE_MS = 1000;
const LIMIT = 20;
const LEASE_MS = 15_000;
// A call must be over before its lease is.
const CALL_MS = 10_000;
const SILENT_MS = 5 * 60 * 1000;
const POLLS_PER_LOOK_FOR_SILENT = 100;

/**
 * Tells Temporal of long jobs, as the relay does of leads: a job is answered as soon as it is committed, and its workflow
 * hears of it from here. One whose workflow is lost is started anew. Any number of processes may run one.
 */
export function startJobRelay<Facts extends object>({
  kind,
  db,
  client,
  silentMs = SILENT_MS,
  log,
}: JobRelayDeps<Facts>): JobRelay {
  return runUntilStopped(async (stopAsked) => {
    for (let poll = 0; !stopAsked.aborted; poll++) {
      const isWell = await tellDue(poll % POLLS_PER_LOOK_FOR_SILENT === 0);
      await pauseUnlessAborted(isWell ? POLL_MS : PAUSE_AFTER_FAILURE_MS, stopAsked);
    }
  });

  /** @returns false when something failed */
  async function tellDue(mayBeSilent: boolean): Promise<boolean> {
    try {
      if (mayBeSilent) await tellSilent();
      const due = await kind.tells.claim(db, { limit: LIMIT, leaseMs: LEASE_MS });
      const told = await Promise.all(due.map(tell));
      return !told.includes(false);
    } catch (err) {
      log.warn({ err, job: kind.name }, 'Jobs to be told cannot be read; trying again.');
      return false;
    }
  }

  async function tellSilent(): Promise<void> {
    const jobs = await kind.tells.tellSilent(db, silentMs);
    if (jobs > 0) log.warn({ job: kind.name, jobs }, 'Nothing was heard of jobs that run; they are started again.');
  }

  /** What cannot be told now is taken again when its lease has run out. */
  async function tell(job: JobToTell<Facts>): Promise<boolean> {
    try {
      await client.withDeadline(Date.now() + CALL_MS, () => kind.tell(client, job));
      await kind.tells.noteTold(db, job);
      return true;
    } catch (err) {
      log.warn({ err, job: kind.name, id: job.id }, 'The workflow of a job could not be told; trying again.');
      return false;
    }
  }
}
