import type { Knex } from 'knex';
import { interruptAttempts, readWaits } from '../src/db/attempts.ts';
import { endPostback, isEnded, postponePostback, readPostback } from '../src/db/postbacks.ts';
import type { LeadActivities, PostbackCall } from '../workflows/contract.ts';

/** How a locked postback stands, once attempts that can no longer run are closed. */
export async function reviewLocked(trx: Knex, call: PostbackCall): ReturnType<LeadActivities['reviewPostback']> {
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
