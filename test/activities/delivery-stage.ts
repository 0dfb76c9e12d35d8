import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import type { Knex } from 'knex';
import { createActivities } from '../../activities/index.ts';
import type { PostbackRequest, PostbackSettings } from '../../src/domain/postbacks/postback-settings.ts';
import type { SendOutcome } from '../../src/outbound/guarded-client.ts';
import type { LeadActivities, UnrecordedAttempt } from '../../workflows/contract.ts';
import { createTestDatabase } from '../support/database.ts';
import { createNetwork } from '../support/network-in-database.ts';
import { settingsFor } from '../support/postback-settings.ts';
import { answer, keptAnswers, latestSettlement } from './settling.ts';

export const ATTEMPTS = 3;
export const INTERVAL_MS = 60_000;
export const TRACKER = 'https://tracker.example/in?ref={ref_id}&status={status}&payout={payout}';

export type AttemptRow = {
  attempt: number;
  outcome: string;
  method: string;
  url: string;
  body: string | null;
  started_at: string;
  ended_at: string | null;
  duration_ms: number | null;
  http_status: number | null;
  error: string | null;
  location: string | null;
  response_body: string | null;
};

type PostbackRow = {
  state: string;
  skip_reason: string | null;
  next_attempt_at: string | null;
  ended_at: string | null;
};

export type Send = (request: PostbackRequest) => Promise<SendOutcome>;

/** A worker's postback activities, called by hand, on a real database; what the partner does is scripted. */
export type DeliveryStage = Awaited<ReturnType<typeof createDeliveryStage>>;

export async function createDeliveryStage({ maxKept }: { maxKept?: number } = {}) {
  const network = await createNetwork(await createTestDatabase());
  const { db } = network;
  /** `script`: what the partner does with the next calls; then it answers 200. */
  const partner: { sent: PostbackRequest[]; script: Send[] } = { sent: [], script: [] };
  const answers = keptAnswers(db, { maxKept });
  const activities = createActivities({ db, client: { send }, answers });

  async function send(request: PostbackRequest): Promise<SendOutcome> {
    partner.sent.push(request);
    return (await partner.script.shift()?.(request)) ?? answer(200);
  }

  async function deliver(postbackId: string, by: LeadActivities = activities) {
    return await by.deliverPostback({ postbackId, maxAttempts: ATTEMPTS, intervalMs: INTERVAL_MS });
  }

  async function settleLatest(leadId: string) {
    const settlement = await latestSettlement(db, leadId);
    const [due] = await activities.settle({ leadId, maxAttempts: ATTEMPTS, settlement });
    assert.ok(due);
    return due;
  }

  return {
    network,
    db,
    activities,
    answers,
    partner,
    deliver,

    /** Another worker, which knows nothing of what this one keeps in its memory. */
    anotherWorker: (changes: { now?: () => number; concurrentPerPartner?: number } = {}) =>
      createActivities({ db, client: { send }, answers: keptAnswers(db), ...changes }),

    async duePostback({
      settings = settingsFor(TRACKER),
      refId = 'click-1',
      word = 'approved',
      partnerId: known,
    }: { settings?: PostbackSettings; refId?: string | null; word?: string; partnerId?: string } = {}) {
      const partnerId = known ?? (await network.partner(settings));
      const { leadId, conversionId } = await network.aLead(partnerId, refId);
      await network.report(conversionId, word);
      const { postbackId } = await settleLatest(leadId);
      return { postbackId, partnerId, conversionId, leadId };
    },

    async failureOf(postbackId: string, by?: LeadActivities): Promise<ApplicationFailure> {
      const failure = await deliver(postbackId, by).then(
        ({ result }) => assert.fail(`it ended as ${result}`),
        (error: unknown) => error,
      );
      assert.ok(failure instanceof ApplicationFailure, String(failure));
      return failure;
    },

    async review(
      postbackId: string,
      { unrecorded = null, by = activities }: { unrecorded?: UnrecordedAttempt | null; by?: LeadActivities } = {},
    ) {
      return await by.reviewPostback({ postbackId, maxAttempts: ATTEMPTS, intervalMs: INTERVAL_MS, unrecorded });
    },

    /** A newer status. @returns the id of its postback */
    async supersede({ conversionId, leadId }: { conversionId: string; leadId: string }): Promise<string> {
      await network.report(conversionId, 'rejected');
      return (await settleLatest(leadId)).postbackId;
    },

    /** The call never comes back, as in a worker that dies. */
    async killDuringAttempt(postbackId: string): Promise<void> {
      const called = new Promise<void>((resolve) => {
        partner.script = [() => (resolve(), new Promise<SendOutcome>(() => undefined))];
      });
      void deliver(postbackId);
      await called;
    },

    /** As if its attempts had begun that long ago. */
    async age(postbackId: string, seconds = 20): Promise<void> {
      const startedAt = db.raw(`started_at - ? * interval '1 second'`, [seconds]);
      await db('postback_attempts').where({ postback_id: postbackId }).update({ started_at: startedAt });
    },

    readPostback: async (postbackId: string) =>
      await db('postbacks').where({ postback_id: postbackId }).first<PostbackRow>(),
    readAttempts: (postbackId: string) => readAttempts(db, postbackId),

    async outcomesOf(postbackId: string) {
      return (await readAttempts(db, postbackId)).map(({ attempt, outcome, http_status, error }) => ({
        attempt,
        outcome,
        http_status,
        error,
      }));
    },

    forget(): void {
      partner.sent = [];
      partner.script = [];
    },

    async close(): Promise<void> {
      await answers.stop();
      await network.close();
    },
  };
}

async function readAttempts(db: Knex, postbackId: string): Promise<AttemptRow[]> {
  return await db('postback_attempts').where({ postback_id: postbackId }).orderBy('attempt').select<AttemptRow[]>('*');
}
