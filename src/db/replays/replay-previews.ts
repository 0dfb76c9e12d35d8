// What a replay would do, before it does it.
import type { Knex } from 'knex';
import { IS_OVERTAKEN } from './overtaken.ts';
import { FIRST_POSTBACK, firstTakenUp } from './replay-selection.ts';
import { statesOf, type ReplayRange } from './replays.ts';

export type ReplayPreview = {
  to_send: number;
  /** Not sent: the partner has heard of a newer status of the conversion, or is about to. */
  overtaken: number;
  /** Not sent: the partner has switched the status off. */
  status_off: number;
  /** Not sent: the partner has no postback URL. */
  not_configured: number;
  /** False when there are more than the first 20,000 postbacks, which are counted here. */
  is_complete: boolean;
};

/** Postbacks that failed and that a replay would send now, with `from` and `to` for it. */
export type ReplayProposal = {
  /** At most 5,000 are counted. */
  count: number;
  /** When the first and the last of them failed. */
  first_failed_at: string;
  last_failed_at: string;
  from: string;
  to: string;
  /** Whether the endpoint has taken a postback since the last of them failed. */
  answers_again: boolean;
};

const MAX_COUNTED = 20_000;
const MAX_PROPOSED = 5_000;
// As long as a lead's window: what failed before that is no news to a tracker.
const PROPOSED_DAYS = 14;

const COLUMNS = 'p.postback_id, p.conversion_id, p.seq, p.partner_id, p.status, p.created_at, p.ended_at';
const FOUND = firstTakenUp({ columns: COLUMNS, after: FIRST_POSTBACK, limit: String(MAX_COUNTED + 1) });
const FAILED = firstTakenUp({ columns: COLUMNS, after: FIRST_POSTBACK, limit: String(MAX_PROPOSED) });

const PREVIEW_REPLAY = `
  with r as materialized (
    select partner_id, postback as settings, null::text as postback_id, :states::text[] as states, now() as started_at,
      :from::timestamptz as from_at, least(:to::timestamptz, now()) as to_at
    from partners where partner_id = :partnerId
  ), found as materialized (
    select p.* from r cross join lateral (${FOUND}) p
  ), judged as materialized (
    select case when ${IS_OVERTAKEN} then 'overtaken' when r.settings is null then 'not_configured'
      when not r.settings->'statuses' @> to_jsonb(p.status) then 'status_off' else 'to_send' end as verdict
    from r, (select * from found limit ${MAX_COUNTED}) p
  )
  select count(*) filter (where verdict = 'to_send') as to_send, count(*) filter (where verdict = 'overtaken') as overtaken,
    count(*) filter (where verdict = 'status_off') as status_off,
    count(*) filter (where verdict = 'not_configured') as not_configured,
    (select count(*) from found) <= ${MAX_COUNTED} as is_complete
  from judged`;

/** How many postbacks a replay of this range would send now, and how many not, and why. */
export async function previewReplay(db: Knex, range: ReplayRange): Promise<ReplayPreview> {
  const { partnerId, from, to } = range;
  const values = { partnerId, from, to, states: statesOf(range) };
  const { rows } = await db.raw<{ rows: [ReplayPreview] }>(PREVIEW_REPLAY, values);
  return rows[0];
}

const PROPOSE_REPLAY = `
  with r as materialized (
    select partner_id, null::text as postback_id, array['failed'] as states, now() as started_at,
      now() - interval '${PROPOSED_DAYS} days' as from_at, now() as to_at, postback->'statuses' as told
    from partners where partner_id = :partnerId and postback is not null
  ), failed as materialized (
    select p.created_at, p.ended_at from r cross join lateral (${FAILED}) p
    where r.told @> to_jsonb(p.status) and not ${IS_OVERTAKEN}
  )
  select count(*) as count, min(ended_at) as first_failed_at, max(ended_at) as last_failed_at,
    min(created_at) as from, date_trunc('milliseconds', max(created_at)) + interval '1 millisecond' as to,
    exists (
      select from r cross join lateral unnest(array['pending', 'approved', 'rejected']) t(status) cross join lateral (
        select ended_at from postbacks
        where partner_id = r.partner_id and state = 'delivered' and status = t.status
        order by created_at desc limit 1
      ) latest
      where latest.ended_at > (select max(ended_at) from failed)
    ) as answers_again
  from failed having count(*) > 0`;

/** What the endpoint's last outage has cost, if a replay can make it good; the oldest part of it when it is too much. */
export async function proposeReplay(db: Knex, partnerId: string): Promise<ReplayProposal | undefined> {
  const { rows } = await db.raw<{ rows: ReplayProposal[] }>(PROPOSE_REPLAY, { partnerId });
  return rows[0];
}
