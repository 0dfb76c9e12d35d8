import { MockActivityEnvironment } from '@temporalio/testing';
import type { Knex } from 'knex';
import { createReplaying, type ReplayDeps } from '../../activities/replay/replay-activities.ts';
import { connectReplayDb } from '../../src/db/connect.ts';
import { createReplay, type ReplayRange } from '../../src/db/replays/replays.ts';
import type { PostbackRequest } from '../../src/domain/postbacks/postback-settings.ts';
import type { ReplayCounts } from '../../src/domain/postbacks/replay.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { SendOutcome } from '../../src/outbound/guarded-client.ts';
import { createTestDatabase } from '../support/database.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { settingsFor } from '../support/postback-settings.ts';
import type { ReplayInput } from '../../workflows/long-jobs.ts';
import { answer } from './settling.ts';

/** What was sent, as the partner's URL tells. */
export type Sent = { postbackId: string; status: string; to: string };

type Replaying = ReturnType<typeof createReplaying>;

export const TRACKER = 'https://tracker.example/in?pid={postback_id}&status={status}';
const HOUR_MS = 60 * 60 * 1000;

/** The activities of replays, called by hand, on a real database; what partners answer is scripted. */
export type ReplayStage = Awaited<ReturnType<typeof createReplayStage>>;

export async function createReplayStage() {
  const database = await createTestDatabase();
  const network = await createNetwork(database);
  const replayDb = connectReplayDb({ url: database.url, statementTimeoutMs: 5000 });
  const { db } = network;
  const metrics = createMetrics();
  const sent: Sent[] = [];
  let onSend: (call: Sent) => number | null | Promise<number | null> = () => 200;

  async function send({ url }: PostbackRequest): Promise<SendOutcome> {
    const { origin, searchParams } = new URL(url);
    const call = { postbackId: searchParams.get('pid') ?? '', status: searchParams.get('status') ?? '', to: origin };
    sent.push(call);
    return answer(await onSend(call));
  }

  const createWorker = (changes: Partial<ReplayDeps> = {}) =>
    createReplaying({ db: replayDb, client: { send }, concurrency: 8, metrics, log: createLog('silent'), ...changes });
  const worker = createWorker();
  const batches: Promise<ReplayCounts | null>[] = [];
  let thaw: () => void = () => undefined;
  const frozen = new Promise<null>((resolve) => (thaw = () => resolve(null)));

  return {
    network,
    db,
    metrics,
    sent,
    /** Another process, which knows nothing of this one. */
    createWorker,
    /** A partner who wants to be told of everything. */
    partner: () => network.partner(settingsFor(TRACKER)),
    /** What comes of each call from now on: an HTTP status, or null for a time-out. */
    answer(by: typeof onSend | number | null) {
      onSend = typeof by === 'function' ? by : () => by;
    },
    forget() {
      sent.length = 0;
      onSend = () => 200;
    },
    async replayOf(partnerId: string, changes: Partial<ReplayRange> & { ratePerSecond?: number } = {}) {
      const [from, to] = [-HOUR_MS, HOUR_MS].map((ms) => new Date(Date.now() + ms).toISOString()) as [string, string];
      return (await createReplay(db, { partnerId, from, to, ...changes })).replay_id;
    },
    /** One batch of a replay. */
    async batch(replayId: string, by: Replaying = worker): Promise<ReplayCounts | null> {
      const batch = new MockActivityEnvironment().run<
        [ReplayInput],
        ReplayCounts | null,
        (input: ReplayInput) => Promise<ReplayCounts | null>
      >(by.activities.replayBatch, { replayId, partnerId: '' });
      batches.push(batch);
      return await batch;
    },
    async statesOf(...postbackIds: string[]) {
      return await Promise.all(postbackIds.map((postbackId) => stateOf(db, postbackId)));
    },
    async attemptsOf(postbackId: string) {
      return await db('postback_attempts')
        .where({ postback_id: postbackId })
        .orderBy('attempt')
        .select<{ attempt: number; kind: string; outcome: string; replay_id: string | null; headers: object | null }[]>(
          ...['attempt', 'kind', 'outcome', 'replay_id', 'headers'],
        );
    },
    /** Lets attempts that are running have begun that many seconds earlier. */
    async age(seconds: number): Promise<void> {
      await db('postback_attempts')
        .where({ outcome: 'running' })
        .update({ started_at: db.raw(`started_at - ? * interval '1 second'`, [seconds]) });
    },
    /** What a call gets whose worker freezes. */
    frozen,
    async close() {
      thaw();
      await Promise.allSettled(batches);
      await replayDb.destroy();
      await network.close();
    },
  };
}

async function stateOf(db: Knex, postbackId: string): Promise<string | undefined> {
  return (await db('postbacks').where({ postback_id: postbackId }).first<{ state: string } | undefined>('state'))
    ?.state;
}
