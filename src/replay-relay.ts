import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { claimReplaysToTell, noteTold, tellSilentReplays, type ReplayToTell } from './db/replays/replay-tells.ts';
import type { Log } from './log.ts';
import { pauseUnlessAborted } from './pause.ts';
import { tellReplay } from './temporal/tell-replay.ts';

export type ReplayRelayDeps = {
  db: Knex;
  client: Client;
  /** Of which nothing has been heard for so long, the workflow may be lost. */
  silentMs?: number;
  log: Log;
};

export type ReplayRelay = {
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
 * Tells Temporal of replays, as the relay does of leads: a replay is answered as soon as it is committed, and its workflow
 * hears of it from here. One whose workflow is lost is started anew. Any number of processes may run one.
 */
export function startReplayRelay({ db, client, silentMs = SILENT_MS, log }: ReplayRelayDeps): ReplayRelay {
  const stopping = new AbortController();
  const running = run();

  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };

  async function run(): Promise<void> {
    for (let poll = 0; !stopping.signal.aborted; poll++) {
      const isWell = await tellDue(poll % POLLS_PER_LOOK_FOR_SILENT === 0);
      await pauseUnlessAborted(isWell ? POLL_MS : PAUSE_AFTER_FAILURE_MS, stopping.signal);
    }
  }

  /** @returns false when something failed */
  async function tellDue(mayBeSilent: boolean): Promise<boolean> {
    try {
      if (mayBeSilent) {
        const silent = await tellSilentReplays(db, silentMs);
        if (silent > 0) log.warn({ replays: silent }, 'Nothing was heard of replays that run; they are started again.');
      }
      const due = await claimReplaysToTell(db, { limit: LIMIT, leaseMs: LEASE_MS });
      const told = await Promise.all(due.map(tell));
      return !told.includes(false);
    } catch (err) {
      log.warn({ err }, 'Replays to be told cannot be read; trying again.');
      return false;
    }
  }

  /** What cannot be told now is taken again when its lease has run out. */
  async function tell(replay: ReplayToTell): Promise<boolean> {
    try {
      await client.withDeadline(Date.now() + CALL_MS, () => tellReplay(client, replay));
      await noteTold(db, replay);
      return true;
    } catch (err) {
      log.warn({ err, replayId: replay.replayId }, 'The workflow of a replay could not be told; trying again.');
      return false;
    }
  }
}
