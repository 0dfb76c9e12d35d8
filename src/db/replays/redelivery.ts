import type { Knex } from 'knex';
import type { PostbackSettings } from '../../domain/postbacks/postback-settings.ts';
import type { Status } from '../../domain/status.ts';
import { AppError } from '../../errors.ts';
import { newReplayId } from '../../new-ids.ts';
import { IS_OVERTAKEN } from './overtaken.ts';
import { sqlStateOf, UNIQUE_VIOLATION } from '../sqlstate.ts';
import { isEnded, type PostbackState } from '../postbacks.ts';
import { lockReplays, REPLAY_COLUMNS, replayableStates, type Replay } from './replays.ts';

type Candidate = {
  state: PostbackState;
  status: Status;
  hasRefId: boolean;
  nextAttemptAt: string | null;
  isOvertaken: boolean;
  isUnderWay: boolean;
  settings: PostbackSettings | null;
};

// Each holds a place among all replays for as long as an endpoint may hang.
const MAX_UNDER_WAY = 5;

const UNDER_WAY = 'it is being redelivered already';

const READ_CANDIDATE = `
  select p.state, p.status, p.ref_id is not null as "hasRefId", p.next_attempt_at as "nextAttemptAt",
    ${IS_OVERTAKEN} as "isOvertaken", partner.postback as settings,
    exists (
      select from replays r
      where r.partner_id = :partnerId and r.state in ('running', 'paused') and r.postback_id = p.postback_id
    ) as "isUnderWay"
  from postbacks p join partners partner using (partner_id)
  where p.postback_id = :postbackId and p.partner_id = :partnerId`;

const CREATE_REDELIVERY = `
  insert into replays (replay_id, partner_id, postback_id, states, total)
  values (:replayId, :partnerId, :postbackId, :states, 1)
  returning ${REPLAY_COLUMNS}`;

/**
 * Has one postback of a partner sent once more: a replay of it alone.
 * @returns undefined when the partner has no such postback
 * @throws AppError `conflict` with the reason when it must not or cannot be sent again, `too_many` when others are
 */
export async function createRedelivery(
  db: Knex,
  { partnerId, postbackId }: { partnerId: string; postbackId: string },
): Promise<Replay | undefined> {
  return await db.transaction(async (trx) => {
    await lockReplays(trx, partnerId);
    const refusal = await readRedeliveryRefusal(trx, { partnerId, postbackId });
    if (refusal === undefined) return undefined;
    if (refusal !== null) throw new AppError('conflict', `Postback ${postbackId} is not redelivered: ${refusal}.`);
    await refuseIfTooMany(trx, partnerId);
    const values = { replayId: newReplayId(), partnerId, postbackId, states: [...replayableStates] };
    const { rows } = await trx.raw<{ rows: [Replay] }>(CREATE_REDELIVERY, values).catch((error: unknown) => {
      if (sqlStateOf(error) !== UNIQUE_VIOLATION) throw error;
      throw new AppError('conflict', `Postback ${postbackId} is not redelivered: ${UNDER_WAY}.`, { cause: error });
    });
    return rows[0];
  });
}

/**
 * Why a postback must not or cannot be sent again, as part of a sentence.
 * @returns null when it can, undefined when the partner has no such postback
 */
export async function readRedeliveryRefusal(
  db: Knex,
  { partnerId, postbackId }: { partnerId: string; postbackId: string },
): Promise<string | null | undefined> {
  const { rows } = await db.raw<{ rows: Candidate[] }>(READ_CANDIDATE, { partnerId, postbackId });
  return rows[0] && findRefusal(rows[0]);
}

async function refuseIfTooMany(db: Knex, partnerId: string): Promise<void> {
  const { rows } = await db.raw<{ rows: { underWay: number }[] }>(
    `select count(*) as "underWay" from replays
     where partner_id = :partnerId and state in ('running', 'paused') and postback_id is not null`,
    { partnerId },
  );
  if ((rows[0]?.underWay ?? 0) < MAX_UNDER_WAY) return;
  const message = `${MAX_UNDER_WAY} postbacks are being redelivered: wait for them, or replay a span of time at once.`;
  throw new AppError('too_many', message);
}

function findRefusal(candidate: Candidate): string | null {
  const { state, status, hasRefId, isOvertaken, isUnderWay, settings } = candidate;
  if (state === 'superseded' || isOvertaken) return 'a newer status of its conversion has overtaken it';
  if (!isEnded(state)) return tellWhenDue(candidate);
  if (!hasRefId) return 'its visit came without a usable ref_id, so it could not say which visit it is about';
  if (!settings) return 'there is no postback URL';
  if (!settings.statuses.includes(status)) return `the status ${status} is switched off`;
  return isUnderWay ? UNDER_WAY : null;
}

function tellWhenDue({ nextAttemptAt }: Candidate): string {
  return `it is still being delivered${nextAttemptAt === null ? '' : `, the next attempt is due at ${nextAttemptAt}`}`;
}
