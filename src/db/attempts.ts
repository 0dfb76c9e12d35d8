import type { Knex } from 'knex';
import { isNews, noteEndpoints, originOf } from './endpoints/endpoint-news.ts';
import { IS_OPEN } from './postbacks.ts';
import { prepared } from './prepared.ts';

export type NewAttempt = {
  postbackId: string;
  attempt: number;
  method: string;
  url: string;
  /** Null when nothing could be sent. */
  headers: Record<string, string> | null;
  body: string | null;
};

/** How long an attempt can run, be it by its lead's activity or by a replay; SQL. */
export const RUNS_AT_MOST = `interval '15 seconds'`;
/** The second is for clocks and the way to Postgres. */
export const MAY_LAST = `(${RUNS_AT_MOST} + interval '1 second')`;

/** Of attempts `a` that are `running`: their worker has died or is stuck, and nothing comes of them any more. */
export const IS_DEAD = `a.outcome = 'running' and a.started_at < now() - ${MAY_LAST}`;

/** Nobody saw a dead attempt end: it ended when it was noticed, or when it could last have run. */
export const INTERRUPT = `outcome = 'interrupted', ended_at = least(now(), a.started_at + ${RUNS_AT_MOST})`;

/** R11: attempts `a` of postbacks `p` that a postback `mine` must wait for: its own, and those of older statuses. */
const IN_THE_WAY = `a.outcome = 'running' and (p.postback_id = mine.postback_id
  or p.seq < mine.seq and (not p.is_handover or p.partner_id = mine.partner_id))`;

// A newer postback is written by the statement that supersedes the older ones, and that waits for the lock of an attempt
// which is being written down. So whoever can see the newer postback sees every attempt that the older ones will have.
const INSERT_ATTEMPT = `
  with mine as materialized (
    select postback_id, conversion_id, seq, partner_id from postbacks
    where postback_id = :postbackId and ${IS_OPEN}
    for update
  ), rivals as materialized (
    select a.postback_id, a.attempt, ${IS_DEAD} as is_dead
    from mine join postbacks p using (conversion_id) join postback_attempts a on a.postback_id = p.postback_id
    where ${IN_THE_WAY}
  ), interrupted as (
    update postback_attempts a set ${INTERRUPT}
    from rivals r where r.is_dead and a.postback_id = r.postback_id and a.attempt = r.attempt
  ), written as (
    insert into postback_attempts (postback_id, attempt, method, url, headers, body)
    select postback_id, :attempt::int, :method, :url, :headers::jsonb, :body from mine
    where not exists (select from rivals where not is_dead)
    returning attempt
  )
  select case when exists (select from written) then 'written' when exists (select from mine) then 'blocked'
    else 'ended' end as result`;

/**
 * Writes an attempt down before its call is made, and closes those before it that can no longer run.
 * @returns `ended` when the postback has ended meanwhile; `blocked` when another attempt of it, or one of an older
 * status of its conversion, may still be running
 * @throws when another attempt with this number has been made meanwhile
 */
export async function insertAttempt(db: Knex, attempt: NewAttempt): Promise<'written' | 'blocked' | 'ended'> {
  const { rows } = await db
    .raw<{ rows: { result: 'written' | 'blocked' | 'ended' }[] }>(INSERT_ATTEMPT, attempt)
    .options(prepared('insert-attempt'));
  return rows[0]?.result ?? 'ended';
}

/** Takes back an attempt whose call was never made. */
export async function deleteAttempt(db: Knex, { postbackId, attempt }: Pick<NewAttempt, 'postbackId' | 'attempt'>) {
  await db('postback_attempts').where({ postback_id: postbackId, attempt, outcome: 'running' }).delete();
}

/** Closes those attempts of a postback that can no longer run. @returns how many */
export async function interruptAttempts(db: Knex, postbackId: string): Promise<number> {
  const { rows } = await db.raw<{ rows: object[] }>(
    `update postback_attempts a set ${INTERRUPT} where a.postback_id = :postbackId and ${IS_DEAD} returning a.attempt`,
    { postbackId },
  );
  return rows.length;
}

/** Closes all attempts that can no longer run, of all postbacks. @returns how many */
export async function closeDeadAttempts(db: Knex): Promise<number> {
  const { rows } = await db.raw<{ rows: object[] }>(
    `update postback_attempts a set ${INTERRUPT} where ${IS_DEAD} returning a.attempt`,
  );
  return rows.length;
}

const READ_WAITS = `
  select coalesce(max(left_ms) filter (where is_own), 0)::float8 as "ownMs", coalesce(max(left_ms), 0)::float8 as "anyMs"
  from (
    select extract(epoch from a.started_at + ${MAY_LAST} - now()) * 1000 as left_ms, p.postback_id = mine.postback_id as is_own
    from postbacks mine join postbacks p using (conversion_id) join postback_attempts a on a.postback_id = p.postback_id
    where mine.postback_id = :postbackId and ${IN_THE_WAY}
  ) running
  where left_ms > 0`;

/** For how long, in milliseconds, its own attempt may still run, and any attempt that it must wait for; 0 when none. */
export async function readWaits(db: Knex, postbackId: string): Promise<{ ownMs: number; anyMs: number }> {
  const { rows } = await db.raw<{ rows: { ownMs: number; anyMs: number }[] }>(READ_WAITS, { postbackId });
  return rows[0] ?? { ownMs: 0, anyMs: 0 };
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

// An answer may be written down late, after its attempt was taken for dead and another one was made: it is the truth about
// its own attempt, but only a delivery changes what has become of the postback since.
const COMPLETE_ATTEMPT = `
  with completed as (
    update postback_attempts
    set outcome = :outcome, ended_at = least(now(), started_at + ${RUNS_AT_MOST}), duration_ms = :durationMs,
      http_status = :httpStatus, error = :error, location = :location, response_body = :responseBody
    where postback_id = :postbackId and attempt = :attempt and outcome in ('running', 'interrupted')
    returning ended_at, url
  ), news as (
    select p.partner_id, ${originOf('c.url')} as origin, :outcome = 'delivered' as is_delivered, c.ended_at, 1 as place
    from completed c, postbacks p where p.postback_id = :postbackId and ${isNews(':error::text')}
  ), ${noteEndpoints('news')}
  update postbacks
  set state = :state,
    ended_at = case when :state <> 'retrying' then now() end,
    next_attempt_at = case when :state = 'retrying'
      then coalesce((select ended_at from completed), now()) + :retryInMs::int8 * interval '1 millisecond' end
  where postback_id = :postbackId and case when :state = 'delivered'
    then ${IS_OPEN} or state in ('superseded', 'failed')
    else ${IS_OPEN} and not exists (
      select from postback_attempts a
      where a.postback_id = :postbackId
        and (a.attempt > :attempt or a.attempt = :attempt and a.outcome in ('delivered', 'refused'))
    ) end`;

/**
 * Completes an attempt and its postback. A postback that has ended meanwhile stays so, unless it was delivered; one that
 * has had a further attempt waits as that one says. Doing it again changes nothing.
 */
export async function completeAttempt(db: Knex, end: AttemptEnd): Promise<void> {
  await db.raw(COMPLETE_ATTEMPT, end).options(prepared('complete-attempt'));
}
