// What is sent to a partner again: after an outage of its endpoint all that failed meanwhile, or one postback that it asks
// for by name. A row here is the whole truth about a replay; its workflow only brings it forward.
import type { Knex } from 'knex';
import type { ReplayCounts } from '../../domain/postbacks/replay.ts';
import { AppError } from '../../errors.ts';
import { newReplayId } from '../../new-ids.ts';
import { isCancelled } from '../sqlstate.ts';
import { allTakenUp } from './replay-selection.ts';
import type { Page } from '../reports/pages.ts';

/** The states of postbacks that may be replayed; of those that were skipped, only what lacked a URL. */
export const replayableStates = ['failed', 'skipped', 'delivered'] as const;

export type ReplayableState = (typeof replayableStates)[number];

/**
 * As its partner reads it. Times are ISO 8601; `rate_per_second` is null when the endpoint alone sets the pace. In the end
 * `total` is the sum of what was delivered, refused and skipped.
 */
export type Replay = ReplayCounts & {
  replay_id: string;
  partner_id: string;
  /** The one postback that is sent again; null for a replay of a time range. */
  postback_id: string | null;
  from_at: string | null;
  to_at: string | null;
  states: ReplayableState[];
  rate_per_second: number | null;
  /** What was asked for last; its state follows within about a second. */
  asked: 'run' | 'pause' | 'cancel';
  /** Why it paused by itself: its partner has no postback URL. Null when that was asked for, or it is not paused. */
  pause_reason: 'no_url' | null;
  started_at: string;
  /** When it went on after its last pause, and how many had been dealt with by then. */
  resumed_at: string | null;
  done_before: number;
  ended_at: string | null;
};

/**
 * Postbacks of a partner that were created from `from` on and before `to`, ISO 8601. `failed` stands for all that did not
 * reach the partner, be it for want of a URL; `skipped` for these alone.
 */
export type ReplayRange = {
  partnerId: string;
  from: string;
  to: string;
  states?: ReplayableState[] | undefined;
  includeDelivered?: boolean | undefined;
};

// Each is a workflow, and has its postbacks counted.
const MAX_UNDER_WAY = 10;

export const REPLAY_COLUMNS = `replay_id, partner_id, postback_id, from_at, to_at, states, rate_per_second, asked, state,
  pause_reason, total, delivered, refused, skipped, started_at, resumed_at, done_before, ended_at`;

const CREATE_REPLAY = `
  with r as materialized (
    select :partnerId::text as partner_id, null::text as postback_id, :states::text[] as states, now() as started_at,
      :from::timestamptz as from_at, least(:to::timestamptz, now()) as to_at
  ), counted as (
    select count(*) as total from r cross join lateral (${allTakenUp('p.postback_id')}) p
  )
  insert into replays (replay_id, partner_id, from_at, to_at, states, rate_per_second, started_at, total,
                       state, ended_at, tell_at)
  select :replayId, partner_id, least(from_at, to_at), to_at, states, :ratePerSecond::float8, started_at, total,
    case when total > 0 then 'running' else 'done' end, case when total = 0 then now() end,
    case when total > 0 then now() end
  from r, counted
  returning ${REPLAY_COLUMNS}`;

/**
 * Begins to send again what did not reach a partner. Nothing that is created later belongs to it.
 * @throws AppError `conflict` when the partner has no postback URL, another replay of the same time or too many of them
 * under way; `invalid` when the range holds more than can be counted in time
 */
export async function createReplay(
  db: Knex,
  { ratePerSecond = null, ...range }: ReplayRange & { ratePerSecond?: number | null | undefined },
): Promise<Replay> {
  const { partnerId, from, to } = range;
  const values = { replayId: newReplayId(), partnerId, from, to, states: statesOf(range), ratePerSecond };
  return await db.transaction(async (trx) => {
    await lockReplays(trx, partnerId);
    await refuseIfPointless(trx, partnerId);
    await refuseIfUnderWay(trx, values);
    const { rows } = await trx.raw<{ rows: [Replay] }>(CREATE_REPLAY, values).catch(refuseIfTooLarge);
    return rows[0];
  });
}

function refuseIfTooLarge(error: unknown): never {
  if (!isCancelled(error)) throw error;
  const message = 'the range holds more than can be counted in time: choose a shorter range';
  throw new AppError('invalid', `from: ${message}`, { cause: error, problems: [{ field: 'from', message }] });
}

/**
 * Has others who begin a replay for the partner wait until the transaction has ended: each looks at what the one before it
 * has begun. No row of the partner is locked, which statements of the lead's way may need while a range is counted.
 */
export async function lockReplays(trx: Knex, partnerId: string): Promise<void> {
  await trx.raw('select pg_advisory_xact_lock(hashtextextended(:key, 0))', { key: `replays of ${partnerId}` });
}

/** A form that is sent twice must not send everything twice. */
async function refuseIfUnderWay(
  db: Knex,
  range: { partnerId: string; from: string; to: string; states: ReplayableState[] },
): Promise<void> {
  const { partnerId, from, to, states } = range;
  const { rows } = await db.raw<{ rows: Pick<Replay, 'replay_id' | 'state'>[] }>(
    `select replay_id, state from replays
     where partner_id = :partnerId and state in ('running', 'paused') and postback_id is null
       and from_at < :to::timestamptz and to_at > :from::timestamptz and states && :states::text[]
     order by replay_id limit 1`,
    { partnerId, from, to, states },
  );
  const [other] = rows;
  if (!other) return;
  const message = `Replay ${other.replay_id}, of a part of this time, is ${other.state}: wait until it has ended, or cancel it.`;
  throw new AppError('conflict', message);
}

/** The states that a range stands for. */
export function statesOf({ states = ['failed'], includeDelivered = false }: ReplayRange): ReplayableState[] {
  const asked = new Set<ReplayableState>(states);
  if (asked.has('failed')) asked.add('skipped');
  if (includeDelivered) asked.add('delivered');
  return replayableStates.filter((state) => asked.has(state));
}

async function refuseIfPointless(db: Knex, partnerId: string): Promise<void> {
  const { rows } = await db.raw<{ rows: { hasUrl: boolean; underWay: number }[] }>(
    `select postback is not null as "hasUrl",
       (select count(*) from replays r where r.partner_id = :partnerId and r.state in ('running', 'paused')
          and r.postback_id is null) as "underWay"
     from partners where partner_id = :partnerId`,
    { partnerId },
  );
  const [{ hasUrl, underWay } = { hasUrl: false, underWay: 0 }] = rows;
  if (!hasUrl) throw new AppError('conflict', 'There is no postback URL to send to: save one first.');
  if (underWay >= MAX_UNDER_WAY) {
    const message = `${underWay} replays are under way: wait until one has ended, or cancel one.`;
    throw new AppError('conflict', message);
  }
}

/** @returns undefined when the partner has no such replay */
export async function readReplay(
  db: Knex,
  { partnerId, replayId }: { partnerId: string; replayId: string },
): Promise<Replay | undefined> {
  const { rows } = await db.raw<{ rows: Replay[] }>(
    `select ${REPLAY_COLUMNS} from replays where replay_id = :replayId and partner_id = :partnerId`,
    { partnerId, replayId },
  );
  return rows[0];
}

/** A partner's replays of time ranges, the newest first; the cursor of a page is the id of a replay. */
export async function listReplays(
  db: Knex,
  { partnerId, limit, cursor }: { partnerId: string; limit: number; cursor?: string | undefined },
): Promise<Page<Replay>> {
  const { rows } = await db.raw<{ rows: Replay[] }>(
    `select ${REPLAY_COLUMNS} from replays
     where partner_id = :partnerId and postback_id is null and (:cursor::text is null or replay_id < :cursor)
     order by replay_id desc limit :more`,
    { partnerId, cursor: cursor ?? null, more: limit + 1 },
  );
  const page = rows.slice(0, limit);
  return { rows: page, next: rows.length > limit ? (page.at(-1)?.replay_id ?? null) : null };
}

// Nothing of a paused replay is under way, so it ends at once; a running one when the calls under way have ended. What
// waits for a word is its workflow: it is told, and a replay that was going to pause never hears that it was.
const ASK_REPLAY = `
  update replays set asked = :asked, pause_reason = case when :asked = 'pause' then pause_reason end,
    resumed_at = case when state = 'paused' and :asked = 'run' then now() else resumed_at end,
    done_before = case when state = 'paused' and :asked = 'run' then delivered + refused + skipped else done_before end,
    state = case when state = 'paused' and :asked = 'run' then 'running'
      when state = 'paused' and :asked = 'cancel' then 'cancelled' else state end,
    ended_at = case when state = 'paused' and :asked = 'cancel' then now() end,
    tell_at = case when state = 'paused' and :asked <> 'pause' then now() else tell_at end,
    touched_at = now()
  where replay_id = :replayId and partner_id = :partnerId and state in ('running', 'paused')
    and (asked <> 'cancel' or :asked = 'cancel')
  returning ${REPLAY_COLUMNS}`;

const ASKED = { pause: 'pause', resume: 'run', cancel: 'cancel' } as const;

/**
 * Pauses, resumes or cancels a replay; asking for what is so already changes nothing.
 * @returns undefined when the partner has no such replay
 * @throws AppError `conflict` when it has ended, or is being cancelled
 */
export async function askReplay(
  db: Knex,
  { partnerId, replayId, ask }: { partnerId: string; replayId: string; ask: keyof typeof ASKED },
): Promise<Replay | undefined> {
  const { rows } = await db.raw<{ rows: Replay[] }>(ASK_REPLAY, { partnerId, replayId, asked: ASKED[ask] });
  if (rows[0]) return rows[0];
  const replay = await readReplay(db, { partnerId, replayId });
  if (!replay || (ask === 'cancel' && replay.state === 'cancelled')) return replay;
  const state = replay.ended_at === null ? 'is being cancelled' : `has ended: it is ${replay.state}`;
  throw new AppError('conflict', `Replay ${replayId} ${state}.`);
}
