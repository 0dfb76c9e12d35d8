import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { Knex } from 'knex';
import {
  completeAttempt,
  deleteAttempt,
  insertAttempt,
  interruptAttempts,
  readWaits,
  type AttemptEnd,
} from '../src/db/attempts.ts';
import {
  endPostback,
  isEnded,
  lockPostback,
  postponePostback,
  readPostback,
  type CurrentPostback,
} from '../src/db/postbacks.ts';
import {
  buildPostbackRequest,
  urlTemplateFor,
  type PostbackRequest,
  type PostbackSettings,
} from '../src/domain/postback-settings.ts';
import { UrlTemplateError } from '../src/domain/url-template.ts';
import { SOCKETS_PER_ORIGIN, type GuardedClient } from '../src/outbound/guarded-client.ts';
import {
  MORE_ATTEMPTS_LEFT,
  NOT_ACCEPTED,
  NOT_RECORDED,
  NOT_STARTED,
  type AttemptOutcome,
  type DeliveryResult,
  type LeadActivities,
  type PostbackCall,
  type UnrecordedAttempt,
} from '../workflows/contract.ts';
import { createOriginSlots, type OriginSlots } from './origin-slots.ts';

type Deps = {
  db: Knex;
  client: Pick<GuardedClient, 'send'>;
  /** Milliseconds of a steady clock. */
  now?: () => number;
};

// Of the 15 s of the activity, a call may take 10 s, and its end must still be written down.
const LATEST_CALL_MS = 3000;

/** `request` is null when the settings and this postback's values make no sendable request. */
type StartedAttempt = { attempt: number; request: PostbackRequest | null };

const UNSENDABLE_OUTCOME: AttemptOutcome = {
  delivered: false,
  httpStatus: null,
  error: 'invalid_url',
  location: null,
  responseBody: null,
  durationMs: 0,
};

export function createPostbackActivities(deps: Deps): Pick<LeadActivities, 'deliverPostback' | 'reviewPostback'> {
  const slots = createOriginSlots(SOCKETS_PER_ORIGIN);
  const { now = () => performance.now() } = deps;
  return {
    async deliverPostback(call) {
      const begunAt = now();
      // Given back whatever happens, also when the attempt cannot be written down.
      let release: (() => void) | undefined;
      const takeSlot = (url: string) => (release ??= slots.take(url));
      try {
        const started = await startAttempt(deps.db, call, takeSlot).catch(failUnstarted);
        if ('result' in started) return started;
        // Stalled statements have used up the time: the call could outlive its attempt.
        if (now() - begunAt > LATEST_CALL_MS) await takeBack(deps.db, call, started).catch(failUnstarted);
        return await finishAttempt(deps, call, started);
      } finally {
        release?.();
      }
    },

    async reviewPostback({ unrecorded, ...call }) {
      return await deps.db.transaction(async (trx) => {
        if (unrecorded) await completeAttempt(trx, endOf(call, unrecorded));
        const isThere = await lockPostback(trx, call.postbackId);
        return isThere ? await review(trx, call) : { result: 'lost' };
      });
    },
  };
}

/** Reads the settings as they are now (R12) and writes the attempt down, or says why none is due. */
async function startAttempt(
  db: Knex,
  call: PostbackCall,
  takeSlot: OriginSlots['take'],
): Promise<StartedAttempt | { result: DeliveryResult }> {
  const { postbackId, maxAttempts } = call;
  const postback = await readPostback(db, postbackId);
  const { settings } = postback;
  if (isEnded(postback.state)) return { result: postback.state };
  if (postback.attemptsMade >= maxAttempts) {
    await interruptAttempts(db, postbackId);
    if ((await readWaits(db, postbackId)).ownMs > 0) throw stillRunning(postbackId);
    await endPostback(db, postbackId, { state: 'failed' });
  } else if (!settings?.statuses.includes(postback.status)) {
    await endPostback(db, postbackId, { state: 'skipped', skipReason: settings ? 'status_off' : 'not_configured' });
  } else {
    const started = await writeAttemptDown(db, postback, settings, takeSlot);
    if (started) return started;
  }
  // It has ended, by this or meanwhile: the next look says how.
  return await startAttempt(db, call, takeSlot);
}

/** @returns undefined when the postback has ended meanwhile */
async function writeAttemptDown(
  db: Knex,
  postback: CurrentPostback,
  settings: PostbackSettings,
  takeSlot: OriginSlots['take'],
): Promise<StartedAttempt | undefined> {
  const { postbackId, attemptsMade, status } = postback;
  const attempt = attemptsMade + 1;
  const request = requestOf(postback, settings);
  const unfilled = { method: settings.method, url: urlTemplateFor(settings, status), body: null };
  if (request && !takeSlot(request.url)) {
    throw new Error(`Too many postbacks are under way to the host of postback ${postbackId}.`);
  }
  const result = await insertAttempt(db, { postbackId, attempt, ...(request ?? unfilled) });
  if (result === 'blocked') throw stillRunning(postbackId);
  return result === 'written' ? { attempt, request } : undefined;
}

async function takeBack(db: Knex, { postbackId }: PostbackCall, { attempt }: StartedAttempt): Promise<never> {
  await deleteAttempt(db, { postbackId, attempt });
  throw new Error(`Too little time was left for a call of postback ${postbackId}.`);
}

async function finishAttempt(
  { db, client }: Deps,
  call: PostbackCall,
  { attempt, request }: StartedAttempt,
): Promise<{ result: DeliveryResult }> {
  const outcome = request ? await client.send(request) : UNSENDABLE_OUTCOME;
  await completeAttempt(db, endOf(call, { attempt, outcome })).catch((error: unknown) =>
    failUnrecorded(call, { attempt, outcome }, error),
  );
  if (outcome.delivered) return { result: 'delivered' };
  throw notAccepted(call, { attempt, outcome });
}

/** How a locked postback stands, once attempts that can no longer run are closed. */
async function review(trx: Knex, call: PostbackCall): ReturnType<LeadActivities['reviewPostback']> {
  const interrupted = await interruptAttempts(trx, call.postbackId);
  const postback = await readPostback(trx, call.postbackId);
  if (isEnded(postback.state)) return { result: postback.state };
  const { ownMs, anyMs } = await readWaits(trx, call.postbackId);
  const attemptsLeft = call.maxAttempts - postback.attemptsMade;
  if (attemptsLeft <= 0) {
    // Its last attempt may still be answered.
    if (ownMs > 0) return { attemptsLeft: 1, retryInMs: Math.ceil(ownMs) };
    await endPostback(trx, call.postbackId, { state: 'failed' });
    return { result: 'failed' };
  }
  if (interrupted > 0) await postponePostback(trx, call);
  const intervalLeftMs = interrupted > 0 ? call.intervalMs : postback.retryInMs;
  const ownWaitMs = ownMs > 0 ? Math.ceil(ownMs) + call.intervalMs : 0;
  return { attemptsLeft, retryInMs: Math.max(intervalLeftMs, ownWaitMs, Math.ceil(anyMs)) };
}

function requestOf(postback: CurrentPostback, settings: PostbackSettings): PostbackRequest | null {
  try {
    return buildPostbackRequest(settings, postback);
  } catch (error) {
    if (error instanceof UrlTemplateError) return null;
    throw error;
  }
}

function endOf(
  { postbackId, maxAttempts, intervalMs }: PostbackCall,
  { attempt, outcome }: UnrecordedAttempt,
): AttemptEnd {
  const { delivered, ...answer } = outcome;
  const made = { postbackId, attempt, ...answer };
  if (delivered) return { ...made, outcome: 'delivered', state: 'delivered', retryInMs: null };
  if (attempt >= maxAttempts) return { ...made, outcome: 'refused', state: 'failed', retryInMs: null };
  return { ...made, outcome: 'refused', state: 'retrying', retryInMs: intervalMs };
}

function stillRunning(postbackId: string): Error {
  return new Error(`An attempt that postback ${postbackId} has to wait for may still be running.`);
}

function failUnstarted(error: unknown): never {
  throw ApplicationFailure.create({
    message: 'The postback could not be prepared; it is reviewed, and the attempt is made later.',
    type: NOT_STARTED,
    // Temporal would count the retry as one of the partner's attempts.
    nonRetryable: true,
    cause: error as Error,
  });
}

function failUnrecorded({ postbackId }: PostbackCall, made: UnrecordedAttempt, error: unknown): never {
  throw ApplicationFailure.create({
    message: `Postback ${postbackId} was answered, but the answer could not be stored yet.`,
    type: NOT_RECORDED,
    // A retry by Temporal would call the partner again. The workflow has it recorded instead.
    nonRetryable: true,
    details: [made],
    cause: error as Error,
  });
}

/** Expected in daily business, hence benign; ops read its message as the last failure of the pending activity. */
function notAccepted(
  { postbackId, maxAttempts }: PostbackCall,
  { attempt, outcome }: UnrecordedAttempt,
): ApplicationFailure {
  const answer = outcome.error ? outcome.error.replaceAll('_', ' ') : `HTTP ${outcome.httpStatus}`;
  return ApplicationFailure.create({
    message: `Attempt ${attempt} of ${maxAttempts} of postback ${postbackId}: ${answer}; only HTTP 200 counts.`,
    type: NOT_ACCEPTED,
    details: attempt < maxAttempts ? [MORE_ATTEMPTS_LEFT] : [],
    category: ApplicationFailureCategory.BENIGN,
  });
}
