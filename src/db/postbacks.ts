import type { Knex } from 'knex';
import type { PostbackSettings } from '../domain/postback-settings.ts';
import type { Status } from '../domain/status.ts';
import type { PostbackState, SkipReason } from './settlements.ts';

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
  attempts: number;
  /** R12: the partner's settings as they are now. */
  settings: PostbackSettings | null;
};

/** A postback with its partner's settings, locked for the rest of the transaction. */
export async function lockPostback(trx: Knex, postbackId: string): Promise<LockedPostback> {
  const { rows } = await trx.raw<{ rows: LockedPostback[] }>(
    `select p.postback_id, p.conversion_id, p.partner_id, p.offer_id, p.ref_id, p.status, p.reason, p.payout,
       p.currency, p.event_at, p.state, partner.postback as settings,
       (select count(*) from postback_attempts a where a.postback_id = p.postback_id) as attempts
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

export async function interruptAttempts(trx: Knex, postbackId: string): Promise<void> {
  await trx('postback_attempts')
    .where({ postback_id: postbackId, outcome: 'running' })
    .update({ outcome: 'interrupted', ended_at: trx.fn.now() });
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

/** Completes an attempt and its postback. A postback that was superseded meanwhile stays so, unless it was delivered. */
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
       and (state in ('scheduled', 'retrying') or (state = 'superseded' and :state = 'delivered'))`,
    end,
  );
}

export async function endPostback(
  trx: Knex,
  postbackId: string,
  state: 'failed' | 'skipped',
  skipReason: SkipReason | null = null,
): Promise<void> {
  await trx('postbacks')
    .where({ postback_id: postbackId })
    .update({ state, skip_reason: skipReason, ended_at: trx.fn.now(), next_attempt_at: null });
}
