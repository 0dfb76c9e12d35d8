// The attempts that replays make, many in one statement. R11 holds by the order in which things are committed:
//
// 1. The replay writes an attempt of an older postback down, as running, and commits it.
// 2. Then it looks, with a new snapshot, whether a newer postback of the conversion is there, and whether another attempt
//    is in the way. If so it takes its attempt back; only otherwise the call is made.
//
// A lead commits the newer postback first, and looks for running attempts of older ones afterwards, when it writes its own
// attempt down. So either the replay sees the newer postback at 2, or the lead sees the replay's attempt and waits until
// it has ended. Two replays both write and then look, so that at least one of them sees the other: the older one gives way
// for good, the newer one until the older one has ended.
import type { Knex } from 'knex';
import { MAY_LAST, RUNS_AT_MOST } from '../attempts.ts';
import { isNews, noteEndpoints, originOf } from '../endpoints/endpoint-news.ts';
import { IS_OVERTAKEN } from './overtaken.ts';
import { prepared } from '../prepared.ts';
import { IS_TAKEN_UP } from './replay-selection.ts';

export type NewReplayAttempt = {
  replayId: string;
  /** Which turn of the replay makes it. */
  turn: number;
  postbackId: string;
  /** Of the partner's settings that the request was made by. */
  settingsVersion: string;
  method: string;
  url: string;
  /** Null when nothing could be sent. */
  headers: Record<string, string> | null;
  body: string | null;
};

/**
 * `begun`: the call may be made. `gone`: somebody else has sent it meanwhile. `overtaken`: by a newer status (R11).
 * `blocked`: another attempt of it, or one of an older status, may still be running. `settings_changed`: the request was
 * made by old ones (R12). `taken_over`: the replay goes on elsewhere.
 */
export type Verdict = 'begun' | 'gone' | 'overtaken' | 'blocked' | 'settings_changed' | 'taken_over';

export type BegunAttempt = { verdict: Verdict; attempt: number };

// An attempt of the same replay was left running by an earlier turn: its worker is gone, and the same postback may go out
// again. A newer one waits until that call cannot be under way any more, for its worker may only have been frozen.
// `ended_at` and not `outcome`: by the index of all attempts that run, each would look at all of the others.
const IS_BLOCKED = `exists (
  select from postbacks o join postback_attempts a on a.postback_id = o.postback_id
  where o.conversion_id = p.conversion_id and a.ended_at is null and a.started_at >= now() - ${MAY_LAST}
    and (o.postback_id = p.postback_id and a.replay_id is distinct from r.replay_id
      or o.seq < p.seq and (not o.is_handover or o.partner_id = p.partner_id))
)`;

const VERDICT = `case when r.turn <> g.turn then 'taken_over' when not (${IS_TAKEN_UP}) then 'gone'
  when ${IS_OVERTAKEN} then 'overtaken' when ${IS_BLOCKED} then 'blocked' else 'begun' end`;

const WRITE_ATTEMPTS = `
  with judged as materialized (
    select g.*, case when partner.updated_at::text <> g.version then 'settings_changed' else ${VERDICT} end as verdict,
      (select coalesce(max(attempt), 0) + 1 from postback_attempts b where b.postback_id = g.postback_id) as attempt
    from unnest(:replayIds::text[], :turns::int[], :postbackIds::text[], :versions::text[], :methods::text[],
        :urls::text[], :headers::jsonb[], :bodies::text[])
      with ordinality as g (replay_id, turn, postback_id, version, method, url, headers, body, place)
    join replays r on r.replay_id = g.replay_id join postbacks p on p.postback_id = g.postback_id
    join partners partner on partner.partner_id = p.partner_id
  ), written as (
    insert into postback_attempts (postback_id, attempt, kind, replay_id, method, url, headers, body)
    select postback_id, attempt, 'redelivery', replay_id, method, url, headers, body
    -- Two replays with the same postbacks wait for each other in this order.
    from judged where verdict = 'begun' order by postback_id
  )
  select verdict, attempt from judged order by place`;

const LOOK_AGAIN = `
  with judged as materialized (
    select g.postback_id, g.attempt, g.place, ${VERDICT} as verdict
    from unnest(:replayIds::text[], :turns::int[], :postbackIds::text[], :attempts::int[])
      with ordinality as g (replay_id, turn, postback_id, attempt, place)
    join replays r on r.replay_id = g.replay_id join postbacks p on p.postback_id = g.postback_id
  ), taken_back as (
    delete from postback_attempts a using judged j
    where j.verdict <> 'begun' and a.postback_id = j.postback_id and a.attempt = j.attempt and a.outcome = 'running'
  )
  select verdict from judged order by place`;

/**
 * Writes attempts down before their calls are made, and takes back those whose call must not be made.
 * @returns one result for each, in the same order
 */
export async function beginAttempts(db: Knex, given: NewReplayAttempt[]): Promise<BegunAttempt[]> {
  const written = await db
    .raw<{ rows: BegunAttempt[] }>(WRITE_ATTEMPTS, {
      ...keysOf(given),
      versions: given.map((attempt) => attempt.settingsVersion),
      methods: given.map((attempt) => attempt.method),
      urls: given.map((attempt) => attempt.url),
      headers: given.map((attempt) => attempt.headers && JSON.stringify(attempt.headers)),
      bodies: given.map((attempt) => attempt.body),
    })
    .options(prepared('begin-replay-attempts'));
  const results = written.rows;
  const begun = given.flatMap((attempt, index) => {
    const result = results[index];
    return result?.verdict === 'begun' ? [{ ...attempt, attempt: result.attempt, result }] : [];
  });
  if (begun.length === 0) return results;
  const looked = await db
    .raw<{ rows: { verdict: Verdict }[] }>(LOOK_AGAIN, {
      ...keysOf(begun),
      attempts: begun.map(({ attempt }) => attempt),
    })
    .options(prepared('look-again-at-replay-attempts'));
  for (const [index, { result }] of begun.entries()) result.verdict = looked.rows[index]?.verdict ?? 'gone';
  return results;
}

function keysOf(attempts: NewReplayAttempt[]) {
  return {
    replayIds: attempts.map(({ replayId }) => replayId),
    turns: attempts.map(({ turn }) => turn),
    postbackIds: attempts.map(({ postbackId }) => postbackId),
  };
}

/** What came of a call that a replay has made. */
export type ReplayAttemptEnd = {
  postbackId: string;
  attempt: number;
  outcome: 'delivered' | 'refused';
  durationMs: number;
  httpStatus: number | null;
  error: string | null;
  location: string | null;
  responseBody: string | null;
};

// Counted in the statement that records it, and once for each postback: one that was sent twice because a worker died in
// mid-call may yet be answered twice. A replay opens no postback: what was not accepted has failed.
const END_ATTEMPTS = `
  with completed as (
    update postback_attempts a
    set outcome = g.outcome, ended_at = least(now(), a.started_at + ${RUNS_AT_MOST}), duration_ms = g.duration_ms,
      http_status = g.http_status, error = g.error, location = g.location, response_body = g.response_body
    from unnest(:postbackIds::text[], :attempts::int[], :outcomes::text[], :durationsMs::int[], :httpStatuses::int[],
        :errors::text[], :locations::text[], :responseBodies::text[])
      with ordinality as g (postback_id, attempt, outcome, duration_ms, http_status, error, location, response_body, place)
    where a.postback_id = g.postback_id and a.attempt = g.attempt and a.outcome in ('running', 'interrupted')
    returning a.postback_id, a.attempt, a.replay_id, a.outcome, a.ended_at, a.url, a.error, g.place
  ), counted as (
    select replay_id, count(*) filter (where outcome = 'delivered') as delivered,
      count(*) filter (where outcome = 'refused') as refused
    from completed c
    where not exists (
      select from postback_attempts b
      where b.postback_id = c.postback_id and b.attempt <> c.attempt and b.replay_id = c.replay_id
        and b.outcome in ('delivered', 'refused')
    )
    group by replay_id
  ), locked as materialized (
    -- Two workers that raise the counters of the same replays wait for each other in this order.
    select replay_id from replays where replay_id in (select replay_id from counted) order by replay_id for no key update
  ), raised as (
    update replays r set delivered = r.delivered + c.delivered, refused = r.refused + c.refused
    from counted c join locked using (replay_id) where r.replay_id = c.replay_id
  ), news as (
    select p.partner_id, ${originOf('c.url')} as origin, c.outcome = 'delivered' as is_delivered, c.ended_at, c.place
    from completed c join postbacks p on p.postback_id = c.postback_id where ${isNews('c.error')}
  ), ${noteEndpoints('news')}
  update postbacks p
  set state = case c.outcome when 'delivered' then 'delivered' else 'failed' end, skip_reason = null, ended_at = now(),
    next_attempt_at = null
  from completed c
  where p.postback_id = c.postback_id and (p.state = 'skipped' or p.state = 'failed' and c.outcome = 'delivered')`;

/** Records how calls have ended, and what became of their postbacks. Doing it again changes nothing. */
export async function endAttempts(db: Knex, ends: ReplayAttemptEnd[]): Promise<void> {
  await db
    .raw(END_ATTEMPTS, {
      postbackIds: ends.map((end) => end.postbackId),
      attempts: ends.map((end) => end.attempt),
      outcomes: ends.map((end) => end.outcome),
      durationsMs: ends.map((end) => end.durationMs),
      httpStatuses: ends.map((end) => end.httpStatus),
      errors: ends.map((end) => end.error),
      locations: ends.map((end) => end.location),
      responseBodies: ends.map((end) => end.responseBody),
    })
    .options(prepared('end-replay-attempts'));
}
