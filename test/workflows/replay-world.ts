import assert from 'node:assert/strict';
import type { ReplayDeps } from '../../activities/replay/replay-activities.ts';
import { readReplay, type Replay } from '../../src/db/replays/replays.ts';
import { createLog } from '../../src/log.ts';
import { replayTells } from '../../src/db/replays/replay-tells.ts';
import { startJobRelay } from '../../src/job-relay.ts';
import { jobWorker } from '../../src/temporal/job-worker.ts';
import { tellReplay } from '../../src/temporal/tell-replay.ts';
import { createWorkers } from '../../src/temporal/workers.ts';
import { replayWorkflowId } from '../../workflows/contract.ts';
import { createReplayStage } from '../activities/replay-stage.ts';
import { aPostback } from '../support/ended-postbacks.ts';
import { eventually } from '../support/eventually.ts';
import { assertFields } from '../support/fields.ts';
import { testBundle } from '../support/temporal/bundle.ts';
import { connectToTemporal } from '../support/temporal/connection.ts';

type Options = {
  silentMs?: number;
  /** Looks at, or changes, how replays work. */
  replaying?: Partial<ReplayDeps>;
};

export type ReplayWorld = Awaited<ReturnType<typeof startReplayWorld>>;

/** Replays all the way, on the real Temporal server at this address; what partners answer is scripted. */
export async function startReplayWorld(address: string, { silentMs, replaying: changes = {} }: Options = {}) {
  const temporal = await connectToTemporal(address);
  const { client, nativeConnection: connection } = temporal;
  const stage = await createReplayStage();
  const { db } = stage;
  const replaying = stage.createWorker(changes);
  const { activities } = replaying;
  const options = { connection, activities, workflowBundle: await testBundle(), concurrentJobs: 10 };
  const workers = await createWorkers([jobWorker(options)]);
  const working = workers.run();
  const relay = startJobRelay({
    kind: { name: 'replay', tells: replayTells, tell: tellReplay },
    db,
    client,
    silentMs,
    log: createLog('silent'),
  });

  return {
    stage,
    client,
    handleOf: (replayId: string) => client.workflow.getHandle(replayWorkflowId(replayId)),
    /** A partner of whom so many postbacks have failed. */
    async partnerWithFailed(count: number): Promise<string> {
      const partnerId = await stage.partner();
      for (let made = 0; made < count; made++) await aPostback(db, { partnerId });
      return partnerId;
    },
    /** Waits until a replay has these fields. */
    async hasReplay(partnerId: string, replayId: string, expected: Partial<Replay>): Promise<void> {
      await eventually(async () => {
        const replay = await readReplay(db, { partnerId, replayId });
        assert.ok(replay, 'not yet');
        assertFields(replay, expected);
      });
    },
    async stop() {
      await relay.stop();
      workers.shutdown();
      replaying.halt();
      await working;
      await stage.close();
      await temporal.close();
    },
  };
}
