// What the workflows of long jobs (replays, imports, pulls, retention) are given, what they answer, and the activities that they
// call. Their names stand in contract.ts.
import type { ImportCounts } from '../src/domain/imports/import.ts';
import type { ReplayCounts } from '../src/domain/postbacks/replay.ts';
import type { PullResult } from '../src/domain/pulls/pull.ts';

export type ReplayInput = { replayId: string; partnerId: string };

/** How a replay ended; `lost` when Postgres does not have it, after a failover that lost its tail. */
export type ReplayOutcome = ReplayCounts | { state: 'lost' };

/** The activities a replay calls. Any may run twice: what has been answered is not sent again. */
export type ReplayActivities = {
  /** Sends for a while what is left, unless the replay is paused or has ended; null when Postgres does not have it. */
  replayBatch: (input: ReplayInput) => Promise<ReplayCounts | null>;
  /** Has it cancelled; changes nothing when it has ended. */
  cancelReplay: (input: ReplayInput) => Promise<void>;
};

export type ImportInput = { importId: string; advertiserId: string; dryRun: boolean };

/** How an import ended; `lost` when Postgres does not have it, after a failover that lost its tail. */
export type ImportOutcome = ImportCounts | { state: 'lost' };

/** The activities an import calls. Any may run twice: what has been booked is not booked again. */
export type ImportActivities = {
  /** Books rows for a while, unless the import is paused or has ended; null when Postgres does not have it. */
  importBatch: (input: ImportInput) => Promise<ImportCounts | null>;
  /** Has it cancelled; changes nothing when it has ended. */
  cancelImport: (input: ImportInput) => Promise<void>;
};

export type PullInput = { advertiserId: string };

/** A pull by the run of its workflow: whatever is killed, it is one pull. */
export type PullRun = PullInput & { runId: string };

/** What came of a pull; `gone` when nothing is pulled from its advertiser any more. `message` says why it brought nothing. */
export type PullOutcome = {
  result: PullResult | 'gone';
  importId: string | null;
  bytes: number | null;
  /** Why it brought nothing, by its kind alone: what a server says of itself stays in Postgres. */
  message: string | null;
};

/** Its worker was stopped, so it is to be fetched anew; so many attempts before that one have failed. */
export type LeftExport = { result: 'left'; failedAttempts: number };

/** The activities of a pull. Any may run twice: half a file never counts, and a whole one once. */
export type PullActivities = {
  /**
   * One attempt to fetch the export into an import. Fails with `EXPORT_NOT_FETCHED`.
   * @param run `mayLeave`: when its worker stops, it may return `left`; pulls that began earlier do not know that
   */
  fetchExport: (run: PullRun & { mayLeave?: boolean }) => Promise<PullOutcome | LeftExport>;
  /** Ends a pull that no attempt is left for. */
  giveUpPull: (input: PullRun & { why: 'interrupted' | 'cancelled' }) => Promise<PullOutcome>;
};

/** What is dropped when its time is over. */
export const retentionKinds = [
  'ended_sessions',
  'bot_visits',
  'status_calls',
  'refused_calls',
  'response_bodies',
  'import_files',
  'visitor_hashes',
  'touches',
  'pulled_rows',
] as const;

export type RetentionKind = (typeof retentionKinds)[number];

/** Its worker was stopped, so there is more to drop; so many attempts before that one have failed. */
export type LeftRetention = { dropped: number; isLeft: true; failedAttempts: number };

export type RetentionActivities = {
  /**
   * Drops what is past its time, batch by batch; null where this kind is kept for ever. May run twice.
   * @param input `mayLeave`: when its worker stops, it may leave the rest; runs that began earlier do not know that
   */
  dropExpired: (input: {
    kind: RetentionKind;
    mayLeave?: boolean;
  }) => Promise<{ dropped: number; isLeft?: false } | LeftRetention | null>;
};

/** What the worker of long jobs does. */
export type JobActivities = ReplayActivities & ImportActivities & PullActivities & RetentionActivities;
