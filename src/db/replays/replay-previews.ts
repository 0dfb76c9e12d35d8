// What a replay would do, before it does it.
import type { Knex } from 'knex';
import { originOf } from '../endpoints/endpoint-news.ts';
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
  count: number;
  /** False when there are more than the latest 1,000 that failed, which are counted; `from` stands before all of them. */
  is_complete: boolean;
  /** When the first and the last of them failed. */
  first_failed_at: string;
  last_failed_at: string;
  from: string;
  to: string;
  /** Whether the endpoint has taken the latest postback, be it a test of ours, since the last of them failed. */
  answers_again: boolean;
};

const MAX_COUNTED = 20_000;
// Every page that proposes a replay waits for this.
const MAX_PROPOSED = 1_000;
// As long as a lead's window: what failed before that is no news to a tracker.
const PROPOSED_DAYS = 14;

const COLUMNS = 'p.postback_id, p.conversion_id, p.seq, p.partner_id, p.status, p.created_at, p.ended_at';
const FOUND = firstTakenUp({ columns: COLUMNS, after: FIRST_POSTBACK, limit: String(MAX_COUNTED + 1) });

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
    select partner_id, now() - interval '${PROPOSED_DAYS} days' as from_at, postback->'statuses' as told,
      ${originOf(`postback->>'url'`)} as origin
    from partners
    where partner_id = :partnerId and postback is not null and not exists (
      select from replays under_way
      where under_way.partner_id = :partnerId and under_way.postback_id is null
        and under_way.state in ('running', 'paused')
    )
  ), found as materialized (
    select p.* from r cross join lateral (
      select ${COLUMNS} from postbacks p
      where p.partner_id = r.partner_id and p.state = 'failed' and p.created_at >= r.from_at
      order by p.created_at desc, p.postback_id desc limit ${MAX_PROPOSED + 1}
    ) p
  ), failed as materialized (
    select p.created_at, p.ended_at from r, (select * from found limit ${MAX_PROPOSED}) p
    where r.told @> to_jsonb(p.status) and not ${IS_OVERTAKEN}
  ), counted as (
    select count(*) as count, (select count(*) from found) <= ${MAX_PROPOSED} as is_complete,
      min(ended_at) as first_failed_at, max(ended_at) as last_failed_at, min(created_at) as first_created_at,
      max(created_at) as last_created_at
    from failed
  )
  select count, is_complete, first_failed_at, last_failed_at,
    case when is_complete then first_created_at else r.from_at end as from,
    date_trunc('milliseconds', last_created_at) + interval '1 millisecond' as to,
    coalesce(e.last_success_at > greatest(last_failed_at, e.last_failure_at), false) as answers_again
  from counted cross join r left join partner_endpoints e on e.partner_id = r.partner_id and e.origin = r.origin
  where count > 0`;

/** What the endpoint's last outage has cost, if a replay can make it good and none is doing so. */
export async function proposeReplay(db: Knex, partnerId: string): Promise<ReplayProposal | undefined> {
  const { rows } = await db.raw<{ rows: ReplayProposal[] }>(PROPOSE_REPLAY, { partnerId });
  return rows[0];
}
