// How a replay is brought forward: by turns, each of which goes on where the one before it has come to.
import type { Knex } from 'knex';
import type { Postback, PostbackSettings } from '../../domain/postbacks/postback-settings.ts';
import type { ReplayCounts } from '../../domain/postbacks/replay.ts';
import { firstTakenUp, IS_TAKEN_UP } from './replay-selection.ts';
import type { Replay } from './replays.ts';
import { LIVE_SECRETS } from '../keys/signing-secrets.ts';

/** Everything up to it has been dealt with. `at` is a time as Postgres writes it, with its microseconds. */
export type ReplayCursor = { at: string; postbackId: string };

/** What decides how a replay goes on: what its partner asks for, and its settings as they are now (R12). */
export type ReplayControl = ReplayCounts & {
  asked: Replay['asked'];
  settings: PostbackSettings | null;
  /** The partner's live signing secrets, the newest first. */
  signingSecrets: string[];
  /** Changes with either of the two. */
  settingsVersion: string;
};

export type ReplayTurn = ReplayControl & {
  turn: number;
  partnerId: string;
  /** The only one that it sends, if it is a redelivery. */
  postbackId: string | null;
  ratePerSecond: number | null;
  cursor: ReplayCursor;
};

const COUNTS = 'r.state, r.total, r.delivered, r.refused, r.skipped';
const CONTROL = `r.asked, p.postback as settings, ${LIVE_SECRETS} as "signingSecrets",
  p.updated_at::text as "settingsVersion", ${COUNTS}`;

const BEGIN_TURN = `
  update replays r set turn = r.turn + 1, touched_at = now()
  from partners p
  where r.replay_id = :replayId and r.state = 'running' and p.partner_id = r.partner_id
  returning ${CONTROL}, r.turn, r.partner_id as "partnerId", r.postback_id as "postbackId",
    r.rate_per_second as "ratePerSecond", r.cursor_at::text as "cursorAt", r.cursor_id as "cursorId"`;

/** Takes a replay over from whoever goes on with it now. @returns undefined when it is not running, or not there */
export async function beginTurn(db: Knex, replayId: string): Promise<ReplayTurn | undefined> {
  type Row = Omit<ReplayTurn, 'cursor'> & { cursorAt: string; cursorId: string };
  const { rows } = await db.raw<{ rows: Row[] }>(BEGIN_TURN, { replayId });
  if (!rows[0]) return undefined;
  const { cursorAt, cursorId, ...turn } = rows[0];
  return { ...turn, cursor: { at: cursorAt, postbackId: cursorId } };
}

/** How far it is. @returns undefined when it is not there */
export async function readReplayCounts(db: Knex, replayId: string): Promise<ReplayCounts | undefined> {
  const { rows } = await db.raw<{ rows: ReplayCounts[] }>(
    `select ${COUNTS} from replays r where replay_id = :replayId`,
    { replayId },
  );
  return rows[0];
}

/** A postback that is to be sent again, and its place in the walk. */
export type ReplayPostback = Postback & {
  createdAt: string;
  /** This replay has had an answer to it already. */
  isSent: boolean;
  /** Among those of its page: two of one conversion may have been created at the same moment, the older one goes first. */
  sendPlace: number;
};

const POSTBACK = `p.postback_id as "postbackId", p.conversion_id as "conversionId", p.partner_id as "partnerId",
  p.offer_id as "offerId", p.ref_id as "refId", p.status, p.reason, p.payout as "payoutMinor", p.currency,
  p.event_at as "eventTime", p.created_at::text as "createdAt",
  -- Nobody has sent any before the first turn.
  r.turn > 1 and exists (
    select from postback_attempts a
    where a.postback_id = p.postback_id and a.replay_id = r.replay_id and a.outcome in ('delivered', 'refused')
  ) as "isSent"`;

const NEXT_ONES = firstTakenUp({ columns: 'p.*', after: '(:afterAt::timestamptz, :afterId)', limit: ':limit' });

const READ_PAGE = `
  select ${POSTBACK}, row_number() over (order by p.created_at, p.seq, p.postback_id) as "sendPlace"
  from replays r cross join lateral (${NEXT_ONES}) p
  where r.replay_id = :replayId
  order by p.created_at, p.postback_id`;

const READ_ONE = `
  select ${POSTBACK}, 1 as "sendPlace" from replays r join postbacks p on p.postback_id = r.postback_id
  where r.replay_id = :replayId and ${IS_TAKEN_UP}`;

/** The postbacks of a replay's range after a place, in the order of the places; the last page is not full. */
export async function readReplayPage(
  db: Knex,
  { replayId, after, limit }: { replayId: string; after: ReplayCursor; limit: number },
): Promise<ReplayPostback[]> {
  const values = { replayId, afterAt: after.at, afterId: after.postbackId, limit };
  const { rows } = await db.raw<{ rows: ReplayPostback[] }>(READ_PAGE, values);
  return rows;
}

/** The postback of a redelivery; undefined when there is nothing to send any more. */
export async function readRedelivery(db: Knex, replayId: string): Promise<ReplayPostback | undefined> {
  const { rows } = await db.raw<{ rows: ReplayPostback[] }>(READ_ONE, { replayId });
  return rows[0];
}

/** Up to where a turn has come, and how many it has skipped on the way since the last time. */
export type ReplayProgress = { replayId: string; turn: number; cursor: ReplayCursor; skipped: number };

const SAVE_PROGRESS = `
  update replays r
  set cursor_at = :at::timestamptz, cursor_id = :postbackId, skipped = r.skipped + :skipped::int, touched_at = now()
  from partners p
  where r.replay_id = :replayId and r.turn = :turn and r.state = 'running' and p.partner_id = r.partner_id
  returning ${CONTROL}`;

/** Notes how far a turn has come. @returns undefined when the replay has been taken over */
export async function saveProgress(
  db: Knex,
  { cursor, ...progress }: ReplayProgress,
): Promise<ReplayControl | undefined> {
  const { rows } = await db.raw<{ rows: ReplayControl[] }>(SAVE_PROGRESS, { ...progress, ...cursor });
  return rows[0];
}

const PAUSE_FOR_URL = `
  update replays set asked = 'pause', pause_reason = 'no_url'
  where replay_id = :replayId and turn = :turn and state = 'running' and asked = 'run'`;

/** Has a replay pause whose partner has no postback URL any more: what is left waits for the next one. */
export async function pauseForUrl(db: Knex, turn: { replayId: string; turn: number }): Promise<void> {
  await db.raw(PAUSE_FOR_URL, turn);
}

// What somebody else has sent or overtaken since the replay began was not met on the way: it counts as skipped.
const END_TURN = `
  update replays r
  set state = case when :isWalked then 'done' when asked = 'pause' then 'paused' when asked = 'cancel' then 'cancelled'
      else state end,
    ended_at = case when :isWalked or asked = 'cancel' then now() end,
    skipped = case when :isWalked then greatest(0, total - delivered - refused) else skipped end
  where replay_id = :replayId and turn = :turn and state = 'running'
  returning ${COUNTS}`;

/**
 * Ends a turn of which nothing is under way any more. @param isWalked nothing is left to send
 * @returns undefined when the replay has been taken over
 */
export async function endTurn(
  db: Knex,
  end: { replayId: string; turn: number; isWalked: boolean },
): Promise<ReplayCounts | undefined> {
  const { rows } = await db.raw<{ rows: ReplayCounts[] }>(END_TURN, end);
  return rows[0];
}
