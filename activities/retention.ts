import { activityInfo, ApplicationFailure, cancellationSignal, heartbeat } from '@temporalio/activity';
import type { Knex } from 'knex';
import {
  dropBotVisits,
  dropEndedSessions,
  dropRefusedCalls,
  dropResponseBodies,
  dropStatusCalls,
  dropVisitTraces,
  type Drop,
} from '../src/db/retention/drop-expired.ts';
import { dropImportFiles } from '../src/db/retention/drop-import-files.ts';
import { dropPulledRows } from '../src/db/retention/drop-pulled-rows.ts';
import { dropTouches } from '../src/db/retention/drop-touches.ts';
import type { Log } from '../src/log.ts';
import type { Metrics } from '../src/metrics.ts';
import type { LeftRetention, RetentionActivities, RetentionKind } from '../workflows/long-jobs.ts';

/** How many days each is kept; undefined is for ever. */
export type RetentionDays = {
  botVisits: number;
  statusCalls: number;
  responseBodies: number;
  importFiles: number;
  visitorHashes: number;
  /** Of leads that are over, in which nothing has happened for so long. */
  touches: number | undefined;
};

export type RetentionDeps = {
  db: Knex;
  days: RetentionDays;
  /** How long a lead stays open. */
  windowMs: number;
  metrics: Pick<Metrics, 'dropped'>;
  log: Log;
};

export type Retention = {
  activities: RetentionActivities;
  /** Leaves what is left after the batch under way, so that another worker goes on. */
  halt(): void;
};

/** The work of the Schedule `retention` in this process. */
export function createRetention({ db, days, windowMs, metrics, log }: RetentionDeps): Retention {
  const halting = new AbortController();
  const kinds: Record<RetentionKind, { drop: Drop; days: number | undefined }> = {
    // A session says itself when it ends.
    ended_sessions: { drop: dropEndedSessions, days: 0 },
    bot_visits: { drop: dropBotVisits, days: days.botVisits },
    status_calls: { drop: dropStatusCalls, days: days.statusCalls },
    refused_calls: { drop: dropRefusedCalls, days: days.statusCalls },
    response_bodies: { drop: dropResponseBodies, days: days.responseBodies },
    import_files: { drop: dropImportFiles, days: days.importFiles },
    visitor_hashes: { drop: dropVisitTraces, days: days.visitorHashes },
    touches: { drop: dropTouches, days: days.touches },
    pulled_rows: { drop: dropPulledRows, days: days.importFiles },
  };

  return {
    activities: {
      async dropExpired({ kind, mayLeave = false }) {
        const { drop, days: kept } = kinds[kind];
        if (kept === undefined) return null;
        let dropped = 0;
        for (let after: string | undefined = ''; after !== undefined;) {
          const batch = await drop(db, { days: kept, windowMs, after });
          dropped += batch.dropped;
          metrics.dropped.inc({ kind }, batch.dropped);
          after = batch.next;
          heartbeat({ dropped });
          if (after === undefined) break;
          // First, because a worker that stops cancels what it does as well.
          if (halting.signal.aborted) return leave({ kind, dropped }, mayLeave);
          cancellationSignal().throwIfAborted();
        }
        if (dropped > 0) log.info({ kind, dropped, days: kept }, 'What was past its time has been dropped.');
        return { dropped };
      },
    },
    halt: () => halting.abort(),
  };

  /** The worker stops, which is no failure of what is dropped. */
  function leave({ kind, dropped }: { kind: RetentionKind; dropped: number }, mayLeave: boolean): LeftRetention {
    if (!mayLeave) throw ApplicationFailure.retryable('The worker is stopping.', 'WorkerStopping');
    log.info({ kind, dropped }, 'What is past its time is left to another worker.');
    return { dropped, isLeft: true, failedAttempts: activityInfo().attempt - 1 };
  }
}
