import type { Knex } from 'knex';
import { completeAttempt, type AttemptEnd } from '../src/db/attempts.ts';
import { lockPostback } from '../src/db/postbacks.ts';
import { SOCKETS_PER_ORIGIN, type GuardedClient } from '../src/outbound/guarded-client.ts';
import type {
  AttemptOutcome,
  DeliveryResult,
  LeadActivities,
  PostbackCall,
  UnrecordedAttempt,
} from '../workflows/contract.ts';
import { createOriginSlots } from './origin-slots.ts';
import { failUnrecorded, failUnstarted, notAccepted } from './postback-failures.ts';
import { reviewLocked } from './review-postback.ts';
import { startAttempt, takeBack, type StartedAttempt } from './start-attempt.ts';

type Deps = {
  db: Knex;
  client: Pick<GuardedClient, 'send'>;
  /** Milliseconds of a steady clock. */
  now?: () => number;
};

// Of the 15 s of the activity, a call may take 10 s, and its end must still be written down.
const LATEST_CALL_MS = 3000;

const UNSENDABLE_OUTCOME: AttemptOutcome = {
  delivered: false,
  httpStatus: null,
  error: 'invalid_url',
  location: null,
  responseBody: null,
  durationMs: 0,
};

export function createPostbackActivities(deps: Deps): Pick<LeadActivities, 'deliverPostback' | 'reviewPostback'> {
  const { db, now = () => performance.now() } = deps;
  const slots = createOriginSlots(SOCKETS_PER_ORIGIN);
  return {
    async deliverPostback(call) {
      const begunAt = now();
      // Given back whatever happens, also when the attempt cannot be written down.
      let release: (() => void) | undefined;
      const takeSlot = (url: string) => (release ??= slots.take(url));
      try {
        const started = await startAttempt({ db, takeSlot }, call).catch(failUnstarted);
        if ('result' in started) return started;
        // Stalled statements have used up the time: the call could outlive its attempt.
        if (now() - begunAt > LATEST_CALL_MS) await takeBack(db, call.postbackId, started).catch(failUnstarted);
        return await finishAttempt(deps, call, started);
      } finally {
        release?.();
      }
    },

    async reviewPostback({ unrecorded, ...call }) {
      return await db.transaction(async (trx) => {
        if (unrecorded) await completeAttempt(trx, endOf(call, unrecorded));
        const isThere = await lockPostback(trx, call.postbackId);
        return isThere ? await reviewLocked(trx, call) : { result: 'lost' };
      });
    },
  };
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
