import type { Knex } from 'knex';
import { completeAttempt, type AttemptEnd } from '../src/db/attempts.ts';
import { lockPostback } from '../src/db/postbacks.ts';
import { UrlTemplateError } from '../src/domain/url-template.ts';
import { SOCKETS_PER_ORIGIN, type GuardedClient } from '../src/outbound/guarded-client.ts';
import type { DeliveryResult, LeadActivities, PostbackCall, UnrecordedAttempt } from '../workflows/contract.ts';
import { unsent } from './attempt-request.ts';
import { createCallSlots, type CallSlots } from './call-slots.ts';
import type { KeptAnswers } from './kept-answers.ts';
import { failUnrecorded, failUnstarted, notAccepted } from './postback-failures.ts';
import { reviewLocked } from './review-postback.ts';
import { startAttempt, takeBack, type StartedAttempt } from './start-attempt.ts';

type Deps = {
  db: Knex;
  answers: KeptAnswers;
  client: Pick<GuardedClient, 'send'>;
  concurrentPerPartner?: number;
  /** Milliseconds of a steady clock. */
  now?: () => number;
};

// Of the 15 s of the activity, a call may take 10 s, and its end must still be written down.
const LATEST_CALL_MS = 3000;

export function createPostbackActivities(deps: Deps): Pick<LeadActivities, 'deliverPostback' | 'reviewPostback'> {
  const { db, answers, now = () => performance.now(), concurrentPerPartner = Infinity } = deps;
  const slots = createCallSlots({ perPartner: concurrentPerPartner, perOrigin: SOCKETS_PER_ORIGIN });
  return {
    async deliverPostback(call) {
      const begunAt = now();
      // Given back whatever happens, also when the attempt cannot be written down.
      let release: (() => void) | undefined;
      const takeSlot: CallSlots['take'] = (partnerId, url) => (release ??= slots.take(partnerId, url));
      try {
        const started = await makeReady(answers, call)
          .then(() => startAttempt({ db, takeSlot }, call))
          .catch(failUnstarted);
        if ('result' in started) return started;
        // Stalled statements have used up the time: the call could outlive its attempt.
        if (now() - begunAt > LATEST_CALL_MS) await takeBack(db, call.postbackId, started).catch(failUnstarted);
        return await finishAttempt(deps, call, started);
      } finally {
        release?.();
      }
    },

    async reviewPostback({ unrecorded, ...call }) {
      await answers.writeKept(call.postbackId);
      return await db.transaction(async (trx) => {
        if (unrecorded) await completeAttempt(trx, endOf(call, unrecorded));
        const isThere = await lockPostback(trx, call.postbackId);
        return isThere ? await reviewLocked(trx, call) : { result: 'lost' };
      });
    },
  };
}

/** What an earlier attempt was answered comes first: after a 200 there must not be another. */
async function makeReady(answers: KeptAnswers, { postbackId }: PostbackCall): Promise<void> {
  await answers.writeKept(postbackId);
  if (!answers.hasRoom()) throw new Error('Too many answers of partners are waiting to be stored.');
}

async function finishAttempt(
  { answers, client }: Deps,
  call: PostbackCall,
  { attempt, request }: StartedAttempt,
): Promise<{ result: DeliveryResult }> {
  const problem = request instanceof UrlTemplateError ? request : undefined;
  const outcome = request instanceof UrlTemplateError ? unsent(request) : await client.send(request);
  await answers
    .write(endOf(call, { attempt, outcome }))
    .catch((error: unknown) => failUnrecorded(call, { attempt, outcome }, error));
  if (outcome.delivered) return { result: 'delivered' };
  throw notAccepted(call, { attempt, outcome }, problem?.message);
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
