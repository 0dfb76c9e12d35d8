import { cancellationSignal, heartbeat } from '@temporalio/activity';
import type { Knex } from 'knex';
import { beginTurn, endTurn, readReplayCounts, type ReplayTurn } from '../../src/db/replays/replay-turns.ts';
import { askReplay } from '../../src/db/replays/replays.ts';
import { hasReplayEnded, type ReplayCounts } from '../../src/domain/postbacks/replay.ts';
import { AppError } from '../../src/errors.ts';
import type { Log } from '../../src/log.ts';
import type { Metrics } from '../../src/metrics.ts';
import type { GuardedClient } from '../../src/outbound/guarded-client.ts';
import { createTurns } from '../../src/turns.ts';
import type { ReplayActivities } from '../../workflows/long-jobs.ts';
import { createAttemptWriter } from './attempt-writer.ts';
import { createTrail } from './trail.ts';
import { watchReplay } from './watch.ts';
import { workOff } from './work-off.ts';

export type ReplayDeps = {
  /** Connections that no lead waits for. */
  db: Knex;
  /** Calls partners, with sockets that no lead waits for. */
  client: Pick<GuardedClient, 'send'>;
  /** How many postbacks of one replay may be under way at the same time. */
  concurrency: number;
  /** How long one batch goes on at most. */
  batchMs?: number;
  metrics: Pick<Metrics, 'replayed'>;
  log: Log;
};

export type Replaying = {
  activities: ReplayActivities;
  /** Has batches end early, so that another worker goes on with them. */
  halt(): void;
  /** To be called when no batch is under way any more: waits until every answer is recorded, a little while at most. */
  stop(): Promise<void>;
};

const BATCH_MS = 15_000;

/** The work of replays in this process. */
export function createReplaying(deps: ReplayDeps): Replaying {
  const { db, client, metrics, log, concurrency, batchMs = BATCH_MS } = deps;
  const writer = createAttemptWriter({ db, metrics, log });
  const halting = new AbortController();

  return {
    activities: {
      async replayBatch({ replayId }) {
        // An earlier batch may have been given up while its answers were being recorded here.
        await writer.allRecorded();
        const turn = await beginTurn(db, replayId);
        const counts = turn && (await takeTurn(replayId, turn));
        if (counts && hasReplayEnded(counts.state)) log.info({ replayId, ...counts }, 'A replay has ended.');
        return counts ?? (await readReplayCounts(db, replayId)) ?? null;
      },
      async cancelReplay({ replayId, partnerId }) {
        await askReplay(db, { partnerId, replayId, ask: 'cancel' }).catch((error: unknown) => {
          // It has ended.
          if (!(error instanceof AppError && error.kind === 'conflict')) throw error;
        });
      },
    },
    halt: () => halting.abort(),
    stop: () => writer.stop(),
  };

  async function takeTurn(replayId: string, turn: ReplayTurn): Promise<ReplayCounts | undefined> {
    const trail = createTrail(turn.cursor);
    const watch = watchReplay({ db, replayId, turn, trail, onLook: beat });
    const signals = [cancellationSignal(), halting.signal];
    if (turn.asked !== 'run' || signals.some((signal) => signal.aborted)) watch.halt();
    for (const signal of signals) signal.addEventListener('abort', watch.halt);
    const timeIsUp = setTimeout(watch.halt, batchMs);
    const places = createTurns(() => concurrency);
    const onSkipped = () => metrics.replayed.inc({ result: 'skipped' });
    const isWalked = await workOff({ db, writer, client, places }, { replayId, turn, trail, watch, onSkipped });
    clearTimeout(timeIsUp);
    for (const signal of signals) signal.removeEventListener('abort', watch.halt);
    await watch.stop();
    return await endTurn(db, { replayId, turn: turn.turn, isWalked });
  }
}

/** Tells Temporal that the worker lives; people see in the Web UI how far it is. */
function beat({ total, delivered, refused, skipped }: ReplayCounts): void {
  heartbeat({ total, delivered, refused, skipped });
}
