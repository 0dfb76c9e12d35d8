// What the workflows of replays have to be told: that there is one, that it is to go on, or that it has been cancelled.
import type { Knex } from 'knex';

export type ReplayToTell = {
  replayId: string;
  partnerId: string;
  /** Null for a replay of a time range. */
  postbackId: string | null;
  total: number;
  /** Names this claim. */
  claim: string;
};

const CLAIM_REPLAYS = `
  update replays r set tell_at = now() + :leaseMs * interval '1 millisecond'
  from (select replay_id from replays where tell_at <= now() order by tell_at limit :limit for update skip locked) due
  where r.replay_id = due.replay_id
  returning r.replay_id as "replayId", r.partner_id as "partnerId", r.postback_id as "postbackId", r.total,
    r.tell_at::text as claim`;

/** Takes replays whose workflows must be told; what is not noted as told within the lease is taken again. */
export async function claimReplaysToTell(
  db: Knex,
  options: { limit: number; leaseMs: number },
): Promise<ReplayToTell[]> {
  const { rows } = await db.raw<{ rows: ReplayToTell[] }>(CLAIM_REPLAYS, options);
  return rows;
}

/** Notes that a workflow has been told, unless there is something new to tell it. */
export async function noteTold(db: Knex, { replayId, claim }: ReplayToTell): Promise<void> {
  await db.raw(
    `update replays set tell_at = null, touched_at = now()
     where replay_id = :replayId and tell_at = :claim::timestamptz`,
    { replayId, claim },
  );
}

/**
 * Has the workflows be told again of replays that should go on and of which nothing has been heard for so long: they may
 * be lost. @returns how many
 */
export async function tellSilentReplays(db: Knex, silentMs: number): Promise<number> {
  const { rows } = await db.raw<{ rows: object[] }>(
    `update replays set tell_at = now()
     where state = 'running' and tell_at is null and touched_at < now() - :silentMs * interval '1 millisecond'
     returning replay_id`,
    { silentMs },
  );
  return rows.length;
}

/** How many replays are running now, and not paused. */
export async function countRunningReplays(db: Knex): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*) as count from replays where state = 'running'`,
  );
  return rows[0]?.count ?? 0;
}
