import type { Knex } from 'knex';
import type { LinkedPartner } from '../domain/attribution.ts';
import type { Settlement } from '../domain/lead.ts';
import type { PostbackSettings } from '../domain/postback-settings.ts';
import type { Status } from '../domain/status.ts';

export type PostbackState = 'scheduled' | 'retrying' | 'delivered' | 'failed' | 'superseded' | 'skipped';
/** A postback that ended is never sent again. */
export function isEnded(state: PostbackState): state is Exclude<PostbackState, 'scheduled' | 'retrying'> {
  return state !== 'scheduled' && state !== 'retrying';
}

export type SkipReason = 'no_ref_id' | 'not_configured' | 'status_off' | 'house';

/** A postback that still has to reach its partner, and how many attempts were made so far. */
export type OpenPostback = {
  postback_id: string;
  partner_id: string;
  status: Status;
  is_handover: boolean;
  attempts_made: number;
};

export type NewPostback = {
  postbackId: string;
  leadId: string;
  settlement: Settlement;
  holder: LinkedPartner | null;
  status: Status;
  reason: string | null;
  /** R14 */
  isHandover: boolean;
  payout: number;
  currency: string;
  skipReason: SkipReason | null;
};

export async function insertPostback(trx: Knex, postback: NewPostback): Promise<void> {
  const { leadId, settlement } = postback;
  const isSkipped = postback.skipReason !== null;
  await trx('postbacks').insert({
    postback_id: postback.postbackId,
    conversion_id: settlement.conversionId,
    seq: settlement.seq,
    lead_id: leadId,
    partner_id: postback.holder?.partnerId ?? null,
    offer_id: settlement.offerId,
    ref_id: postback.holder?.refId ?? null,
    status: postback.status,
    reason: postback.reason,
    is_handover: postback.isHandover,
    payout: postback.payout,
    currency: postback.currency,
    event_at: settlement.at,
    state: isSkipped ? 'skipped' : 'scheduled',
    skip_reason: postback.skipReason,
    ended_at: isSkipped ? trx.fn.now() : null,
  });
}

/** The postbacks of one status that are still to be delivered. */
export async function readOpenPostbacks(db: Knex, conversionId: string, seq: number): Promise<OpenPostback[]> {
  const { rows } = await db.raw<{ rows: OpenPostback[] }>(
    `select postback_id, partner_id, status, is_handover,
       (select count(*) from postback_attempts a where a.postback_id = p.postback_id) as attempts_made
     from postbacks p
     where conversion_id = :conversionId and seq = :seq and state in ('scheduled', 'retrying')
     order by postback_id`,
    { conversionId, seq },
  );
  return rows;
}

/** R11: postbacks of older statuses that have not been delivered are not sent any more. */
export async function supersedePostbacks(trx: Knex, conversionId: string, beforeSeq: number): Promise<void> {
  await trx('postbacks')
    // A handover goes to a partner whom no later status concerns.
    .where({ conversion_id: conversionId, is_handover: false })
    .andWhere('seq', '<', beforeSeq)
    .whereIn('state', ['scheduled', 'retrying'])
    .update({ state: 'superseded', ended_at: trx.fn.now(), next_attempt_at: null });
}

/**
 * True when a partner has heard of a conversion's `pending`, or may have: a try was delivered, was interrupted, is still
 * running, or ended without an answer.
 */
export async function wasToldPending(db: Knex, conversionId: string, partnerId: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { told: boolean }[] }>(
    `select exists (
       select 1 from postbacks p join postback_attempts a using (postback_id)
       where p.conversion_id = :conversionId and p.partner_id = :partnerId and p.status = 'pending'
         and (a.outcome <> 'refused' or a.error in ('timeout', 'connection_failed', 'bad_response'))
     ) as told`,
    { conversionId, partnerId },
  );
  return rows[0]?.told ?? false;
}

export type LockedPostback = {
  postback_id: string;
  conversion_id: string;
  partner_id: string;
  offer_id: string;
  ref_id: string;
  status: Status;
  reason: string | null;
  payout: number;
  currency: string;
  event_at: string;
  state: PostbackState;
  attempts_made: number;
  /** Until its next attempt is due; 0 when none has been made. */
  retry_in_ms: number;
  /** R12: the partner's settings as they are now. */
  settings: PostbackSettings | null;
};

/** A postback with its partner's settings, locked for the rest of the transaction. */
export async function lockPostback(trx: Knex, postbackId: string): Promise<LockedPostback> {
  const { rows } = await trx.raw<{ rows: LockedPostback[] }>(
    `select p.postback_id, p.conversion_id, p.partner_id, p.offer_id, p.ref_id, p.status, p.reason, p.payout,
       p.currency, p.event_at, p.state, partner.postback as settings,
       greatest(0, coalesce(extract(epoch from p.next_attempt_at - now()) * 1000, 0))::float8 as retry_in_ms,
       (select count(*) from postback_attempts a where a.postback_id = p.postback_id) as attempts_made
     from postbacks p join partners partner using (partner_id)
     where p.postback_id = :postbackId
     for update of p`,
    { postbackId },
  );
  const [postback] = rows;
  if (!postback) throw new Error(`There is no postback ${postbackId}.`);
  return postback;
}

export type NewAttempt = { postbackId: string; attempt: number; method: string; url: string; body: string | null };

/** Writes an attempt down before its call is made. One that never came to its end was interrupted. */
export async function insertAttempt(trx: Knex, { postbackId, attempt, method, url, body }: NewAttempt): Promise<void> {
  await trx.raw(
    `with interrupted as (
       update postback_attempts set outcome = 'interrupted', ended_at = now()
       where postback_id = :postbackId and outcome = 'running'
     )
     insert into postback_attempts (postback_id, attempt, method, url, body)
     values (:postbackId, :attempt, :method, :url, :body)`,
    { postbackId, attempt, method, url, body },
  );
}

/** Closes attempts that never came to their end. @returns how many */
export async function interruptAttempts(trx: Knex, postbackId: string): Promise<number> {
  return await trx('postback_attempts')
    .where({ postback_id: postbackId, outcome: 'running' })
    .update({ outcome: 'interrupted', ended_at: trx.fn.now() });
}

/** Has the next attempt wait for the interval between two attempts, from now on. */
export async function postponePostback(
  trx: Knex,
  { postbackId, intervalMs }: { postbackId: string; intervalMs: number },
): Promise<void> {
  await trx('postbacks')
    .where({ postback_id: postbackId })
    .update({ state: 'retrying', next_attempt_at: trx.raw(`now() + ? * interval '1 millisecond'`, [intervalMs]) });
}

export type AttemptEnd = {
  postbackId: string;
  attempt: number;
  outcome: 'delivered' | 'refused';
  durationMs: number;
  httpStatus: number | null;
  error: string | null;
  location: string | null;
  responseBody: string | null;
  /** What the postback becomes by this attempt. */
  state: 'delivered' | 'retrying' | 'failed';
  retryInMs: number | null;
};

/** Completes an attempt and its postback. A postback that has ended meanwhile stays so, unless it was delivered. */
export async function completeAttempt(db: Knex, end: AttemptEnd): Promise<void> {
  await db.raw(
    `with completed as (
       update postback_attempts
       set outcome = :outcome, ended_at = now(), duration_ms = :durationMs, http_status = :httpStatus, error = :error,
         location = :location, response_body = :responseBody
       where postback_id = :postbackId and attempt = :attempt
     )
     update postbacks
     set state = :state,
       ended_at = case when :state <> 'retrying' then now() end,
       next_attempt_at = case when :state = 'retrying' then now() + :retryInMs::int8 * interval '1 millisecond' end
     where postback_id = :postbackId
       and (state in ('scheduled', 'retrying') or (state in ('superseded', 'failed') and :state = 'delivered'))`,
    end,
  );
}

export async function endPostback(
  trx: Knex,
  postbackId: string,
  end: { state: 'failed' } | { state: 'skipped'; skipReason: SkipReason },
): Promise<void> {
  const skipReason = end.state === 'skipped' ? end.skipReason : null;
  await trx('postbacks')
    .where({ postback_id: postbackId })
    .update({ state: end.state, skip_reason: skipReason, ended_at: trx.fn.now(), next_attempt_at: null });
}
