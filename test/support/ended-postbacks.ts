import type { Knex } from 'knex';
import type { SkipReason, PostbackState } from '../../src/db/postbacks.ts';
import type { Status } from '../../src/domain/status.ts';
import { newConversionId, newPostbackId } from '../../src/new-ids.ts';

type GivenPostback = {
  partnerId: string;
  conversionId?: string;
  seq?: number;
  status?: Status;
  state?: PostbackState;
  skipReason?: SkipReason | null;
  refId?: string | null;
  /** How long ago it was created and ended. */
  secondsAgo?: number;
  /** What its attempts ended with: an HTTP status, an error, or null when their worker died. */
  attempts?: (number | string | null)[];
};

/** A postback with its attempts as the way of a lead leaves them, without that way. */
export async function aPostback(db: Knex, given: GivenPostback) {
  const { partnerId, conversionId = newConversionId(), seq = 3, status = 'approved', skipReason = null } = given;
  const { state = 'failed', refId = 'click-1', secondsAgo = 60, attempts = [] } = given;
  const postbackId = newPostbackId();
  const at = db.raw(`now() - ? * interval '1 second'`, [secondsAgo]);
  const isOpen = state === 'scheduled' || state === 'retrying';
  await db('postbacks').insert({
    ...{ postback_id: postbackId, conversion_id: conversionId, seq, lead_id: `lead-of-${conversionId}` },
    ...{ partner_id: partnerId, offer_id: 'card', ref_id: refId, status, state, skip_reason: skipReason },
    ...{ payout: 1250, currency: 'USD', event_at: at, created_at: at, ended_at: isOpen ? null : at },
  });
  for (const [index, end] of attempts.entries()) await insertAttempt(db, { postbackId, attempt: index + 1, end });
  return { postbackId, conversionId, seq };
}

async function insertAttempt(
  db: Knex,
  { postbackId, attempt, end }: { postbackId: string; attempt: number; end: number | string | null },
): Promise<void> {
  await db('postback_attempts').insert({
    ...{ postback_id: postbackId, attempt, method: 'GET', url: 'https://t.example/', ended_at: db.fn.now() },
    outcome: end === null ? 'interrupted' : end === 200 ? 'delivered' : 'refused',
    http_status: typeof end === 'number' ? end : null,
    error: typeof end === 'string' ? end : null,
  });
}
