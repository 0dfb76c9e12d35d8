import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { Knex } from 'knex';
import {
  completeAttempt,
  endPostback,
  insertAttempt,
  interruptAttempts,
  lockPostback,
  type LockedPostback,
} from '../src/db/postbacks.ts';
import { buildPostbackRequest, type PostbackRequest, type PostbackSettings } from '../src/domain/postback-settings.ts';
import { UrlTemplateError } from '../src/domain/url-template.ts';
import type { GuardedClient } from '../src/outbound/guarded-client.ts';
import {
  NOT_ACCEPTED,
  NOT_RECORDED,
  type AttemptOutcome,
  type LeadActivities,
  type UnrecordedAttempt,
} from '../workflows/contract.ts';

type Deps = { db: Knex; client: Pick<GuardedClient, 'send'> };

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
  return {
    async deliverPostback({ postbackId, attempts, intervalMs }) {
      const started = await db.transaction((trx) => startAttempt(trx, postbackId, attempts)).catch(interrupted);
      if ('result' in started) return started;
      const { attempt, request } = started;
      const outcome = request ? outcomeOf(await client.send(request)) : UNSENDABLE;
      await recordAttempt({ postbackId, attempts, intervalMs }, { attempt, outcome });
      if (outcome.delivered) return { result: 'delivered' };
      throw notAccepted(postbackId, attempt, attempts, outcome);
    },

    async reviewPostback({ postbackId, attempts, unrecorded }) {
      return await db.transaction(async (trx) => {
        if (unrecorded) await completeAttempt(trx, endOf(postbackId, unrecorded, attempts, 0));
        const postback = await lockPostback(trx, postbackId);
        if (!isOpen(postback)) return { triesLeft: 0 };
        await interruptAttempts(trx, postbackId);
        const triesLeft = Math.max(0, attempts - postback.attempts);
        if (triesLeft === 0) await endPostback(trx, postbackId, 'failed');
        return { triesLeft };
      });
    },
  };

  async function recordAttempt(
    policy: { postbackId: string; attempts: number; intervalMs: number },
    made: UnrecordedAttempt,
  ): Promise<void> {
    const { postbackId, attempts, intervalMs } = policy;
    try {
      await completeAttempt(db, endOf(postbackId, made, attempts, intervalMs));
    } catch (error) {
      // Not retried by Temporal: that would call the partner again. The workflow has it recorded instead.
      throw ApplicationFailure.create({
        message: `Postback ${postbackId} was answered, but the answer could not be stored yet.`,
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
  trx: Knex,
  postbackId: string,
  attempts: number,
): Promise<StartedAttempt | { result: string }> {
  const postback = await lockPostback(trx, postbackId);
  const { settings } = postback;
  if (!isOpen(postback)) return { result: postback.state };
  if (postback.attempts >= attempts) {
    await interruptAttempts(trx, postbackId);
    await endPostback(trx, postbackId, 'failed');
    return { result: 'failed' };
  }
  if (!settings || !settings.statuses.includes(postback.status)) {
    await endPostback(trx, postbackId, 'skipped', settings ? 'status_off' : 'not_configured');
    return { result: 'skipped' };
  }
  const attempt = postback.attempts + 1;
  const request = requestOf(postback, settings);
  await insertAttempt(trx, {
    postbackId,
    attempt,
    ...(request ?? { method: settings.method, url: settings.url, body: null }),
  });
  return { attempt, request };
}

function isOpen({ state }: LockedPostback): boolean {
  return state === 'scheduled' || state === 'retrying';
}

function requestOf(postback: LockedPostback, settings: PostbackSettings): PostbackRequest | null {
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

function endOf(postbackId: string, { attempt, outcome }: UnrecordedAttempt, attempts: number, intervalMs: number) {
  const { delivered, ...answer } = outcome;
  const isLast = attempt >= attempts;
  return {
    postbackId,
    attempt,
    ...answer,
    outcome: delivered ? ('delivered' as const) : ('refused' as const),
    state: delivered ? ('delivered' as const) : isLast ? ('failed' as const) : ('retrying' as const),
    retryInMs: delivered || isLast ? null : intervalMs,
  };
}

/** A failure of ours before the call: it must not use up one of the partner's tries, so Temporal does not retry it. */
function interrupted(error: unknown): never {
  throw ApplicationFailure.create({
    message: 'The postback could not be prepared; it is reviewed and tried again.',
    type: 'PostbackInterrupted',
    nonRetryable: true,
    cause: error as Error,
  });
}

/** Expected in daily business, hence benign; ops read its message as the last failure of the pending activity. */
function notAccepted(
  postbackId: string,
  attempt: number,
  attempts: number,
  outcome: AttemptOutcome,
): ApplicationFailure {
  const answer = outcome.error ? outcome.error.replaceAll('_', ' ') : `HTTP ${outcome.httpStatus}`;
  return ApplicationFailure.create({
    message: `Try ${attempt} of ${attempts} of postback ${postbackId}: ${answer}; only HTTP 200 counts.`,
    type: NOT_ACCEPTED,
    category: ApplicationFailureCategory.BENIGN,
  });
}
