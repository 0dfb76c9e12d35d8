import type { Knex } from 'knex';
import { prepared } from './prepared.ts';

export type NewAttempt = { postbackId: string; attempt: number; method: string; url: string; body: string | null };

const INSERT_ATTEMPT = `
  with open as materialized (
    select postback_id from postbacks
    where postback_id = :postbackId and state in ('scheduled', 'retrying')
    for update
  ), interrupted as (
    update postback_attempts a set outcome = 'interrupted', ended_at = now()
    from open where a.postback_id = open.postback_id and a.outcome = 'running'
  )
  insert into postback_attempts (postback_id, attempt, method, url, body)
  select postback_id, :attempt::int, :method, :url, :body from open
  returning attempt`;

/**
 * Writes an attempt down before its call is made. One that never came to its end was interrupted.
 * @returns false when the postback has ended meanwhile
 * @throws when another attempt with this number has been made meanwhile
 */
export async function insertAttempt(db: Knex, attempt: NewAttempt): Promise<boolean> {
  const { rows } = await db.raw<{ rows: object[] }>(INSERT_ATTEMPT, attempt).options(prepared('insert-attempt'));
  return rows.length > 0;
}

/** Closes attempts that never came to their end. @returns how many */
export async function interruptAttempts(db: Knex, postbackId: string): Promise<number> {
  return await db('postback_attempts')
    .where({ postback_id: postbackId, outcome: 'running' })
    .update({ outcome: 'interrupted', ended_at: db.fn.now() });
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

const COMPLETE_ATTEMPT = `
  with completed as (
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
    and (state in ('scheduled', 'retrying') or (state in ('superseded', 'failed') and :state = 'delivered'))`;

/** Completes an attempt and its postback. A postback that has ended meanwhile stays so, unless it was delivered. */
export async function completeAttempt(db: Knex, end: AttemptEnd): Promise<void> {
  await db.raw(COMPLETE_ATTEMPT, end).options(prepared('complete-attempt'));
}
