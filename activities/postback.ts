import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { Knex } from 'knex';
import {
  completeAttempt,
  endPostback,
  insertAttempt,
  interruptAttempts,
  isEnded,
  lockPostback,
  postponePostback,
  readPostback,
  type AttemptEnd,
  type CurrentPostback,
} from '../src/db/postbacks.ts';
import { buildPostbackRequest, type PostbackRequest, type PostbackSettings } from '../src/domain/postback-settings.ts';
import { UrlTemplateError } from '../src/domain/url-template.ts';
import { SOCKETS_PER_ORIGIN, type GuardedClient } from '../src/outbound/guarded-client.ts';
import {
  NOT_ACCEPTED,
  NOT_RECORDED,
  NOT_STARTED,
  type AttemptOutcome,
  type DeliveryResult,
  type LeadActivities,
  type UnrecordedAttempt,
} from '../workflows/contract.ts';
import { createOriginSlots, type OriginSlots } from './origin-slots.ts';

type Deps = { db: Knex; client: Pick<GuardedClient, 'send'> };

type Policy = { postbackId: string; maxAttempts: number; intervalMs: number };

/** `request` is null when the settings and this postback's values make no sendable request. */
type StartedAttempt = { attempt: number; request: PostbackRequest | null };

const UNSENDABLE: AttemptOutcome = {
  delivered: false,
  httpStatus: null,
  error: 'invalid_url',
  location: null,
  responseBody: null,
  durationMs: 0,
};

export function createPostbackActivities({
  db,
  client,
}: Deps): Pick<LeadActivities, 'deliverPostback' | 'reviewPostback'> {
  const slots = createOriginSlots(SOCKETS_PER_ORIGIN);
  return {
    async deliverPostback(policy) {
      // Given back whatever happens, also when the attempt cannot be written down.
      let release: (() => void) | undefined;
      const takeSlot = (url: string) => (release ??= slots.take(url));
      try {
        const started = await startAttempt(db, policy, takeSlot).catch(failUnstarted);
        if ('result' in started) return started;
        return await attemptDelivery(policy, started);
      } finally {
        release?.();
      }
    },

    async reviewPostback({ unrecorded, ...policy }) {
      return await db.transaction(async (trx) => {
        if (unrecorded) await completeAttempt(trx, endOf(policy, unrecorded));
        await lockPostback(trx, policy.postbackId);
        const postback = await readPostback(trx, policy.postbackId);
        if (isEnded(postback.state)) return { result: postback.state };
        const interrupted = await interruptAttempts(trx, policy.postbackId);
        const attemptsLeft = policy.maxAttempts - postback.attempts_made;
        if (attemptsLeft > 0) {
          if (interrupted > 0) await postponePostback(trx, policy);
          return { attemptsLeft, retryInMs: interrupted > 0 ? policy.intervalMs : postback.retry_in_ms };
        }
        await endPostback(trx, policy.postbackId, { state: 'failed' });
        return { result: 'failed' };
      });
    },
  };

  async function attemptDelivery(
    policy: Policy,
    { attempt, request }: StartedAttempt,
  ): Promise<{ result: DeliveryResult }> {
    const outcome = request ? outcomeOf(await client.send(request)) : UNSENDABLE;
    await record(policy, { attempt, outcome });
    if (outcome.delivered) return { result: 'delivered' };
    throw notAccepted(policy, { attempt, outcome });
  }

  async function record(policy: Policy, made: UnrecordedAttempt): Promise<void> {
    try {
      await completeAttempt(db, endOf(policy, made));
    } catch (error) {
      // Not retried by Temporal: that would call the partner again. The workflow has it recorded instead.
      throw ApplicationFailure.create({
        message: `Postback ${policy.postbackId} was answered, but the answer could not be stored yet.`,
        type: NOT_RECORDED,
        nonRetryable: true,
        details: [made],
        cause: error as Error,
      });
    }
  }
}

/** Reads the settings as they are now (R12) and writes the attempt down, or says why none is due. */
async function startAttempt(
  db: Knex,
  policy: Policy,
  takeSlot: OriginSlots['take'],
): Promise<StartedAttempt | { result: DeliveryResult }> {
  const { postbackId, maxAttempts } = policy;
  const postback = await readPostback(db, postbackId);
  const { settings } = postback;
  if (isEnded(postback.state)) return { result: postback.state };
  if (postback.attempts_made >= maxAttempts) {
    await interruptAttempts(db, postbackId);
    await endPostback(db, postbackId, { state: 'failed' });
  } else if (!settings?.statuses.includes(postback.status)) {
    await endPostback(db, postbackId, { state: 'skipped', skipReason: settings ? 'status_off' : 'not_configured' });
  } else {
    const attempt = postback.attempts_made + 1;
    const request = requestOf(postback, settings);
    const unsendable = { method: settings.method, url: settings.url, body: null };
    if (request && !takeSlot(request.url)) {
      throw new Error(`Too many postbacks are under way to the host of postback ${postbackId}.`);
    }
    if (await insertAttempt(db, { postbackId, attempt, ...(request ?? unsendable) })) return { attempt, request };
  }
  // It has ended, by this or meanwhile: the next look says how.
  return await startAttempt(db, policy, takeSlot);
}

function requestOf(postback: CurrentPostback, settings: PostbackSettings): PostbackRequest | null {
  try {
    return buildPostbackRequest(settings, {
      status: postback.status,
      refId: postback.ref_id,
      conversionId: postback.conversion_id,
      postbackId: postback.postback_id,
      payoutMinor: postback.payout,
      currency: postback.currency,
      offerId: postback.offer_id,
      partnerId: postback.partner_id,
      eventTime: postback.event_at,
      reason: postback.reason,
    });
  } catch (error) {
    if (error instanceof UrlTemplateError) return null;
    throw error;
  }
}

function outcomeOf(answer: Awaited<ReturnType<GuardedClient['send']>>): AttemptOutcome {
  const { ok: delivered, httpStatus, error, location, responseBody, durationMs } = answer;
  return { delivered, httpStatus, error, location, responseBody, durationMs };
}

function endOf({ postbackId, maxAttempts, intervalMs }: Policy, { attempt, outcome }: UnrecordedAttempt): AttemptEnd {
  const { delivered, ...answer } = outcome;
  const made = { postbackId, attempt, ...answer };
  if (delivered) return { ...made, outcome: 'delivered', state: 'delivered', retryInMs: null };
  if (attempt >= maxAttempts) return { ...made, outcome: 'refused', state: 'failed', retryInMs: null };
  return { ...made, outcome: 'refused', state: 'retrying', retryInMs: intervalMs };
}

function failUnstarted(error: unknown): never {
  throw ApplicationFailure.create({
    message: 'The postback could not be prepared; it is reviewed and tried again.',
    type: NOT_STARTED,
    // Temporal would count the retry as one of the partner's attempts.
    nonRetryable: true,
    cause: error as Error,
  });
}

/** Expected in daily business, hence benign; ops read its message as the last failure of the pending activity. */
function notAccepted({ postbackId, maxAttempts }: Policy, { attempt, outcome }: UnrecordedAttempt): ApplicationFailure {
  const answer = outcome.error ? outcome.error.replaceAll('_', ' ') : `HTTP ${outcome.httpStatus}`;
  return ApplicationFailure.create({
    message: `Attempt ${attempt} of ${maxAttempts} of postback ${postbackId}: ${answer}; only HTTP 200 counts.`,
    type: NOT_ACCEPTED,
    category: ApplicationFailureCategory.BENIGN,
  });
}
