import type { Knex } from 'knex';
import type { PostbackSettings } from '../../domain/postback-settings.ts';
import type { Status } from '../../domain/status.ts';
import { AppError } from '../../errors.ts';
import { newReplayId } from '../../new-ids.ts';
import { IS_OVERTAKEN } from './overtaken.ts';
import { isEnded, type PostbackState } from '../postbacks.ts';
import { REPLAY_COLUMNS, replayableStates, type Replay } from './replays.ts';

type Candidate = {
  state: PostbackState;
  status: Status;
  hasRefId: boolean;
  nextAttemptAt: string | null;
  isOvertaken: boolean;
  isUnderWay: boolean;
  settings: PostbackSettings | null;
};

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
 * @throws AppError `conflict` with the reason when it must not or cannot be sent again
 */
export async function createRedelivery(
  db: Knex,
  { partnerId, postbackId }: { partnerId: string; postbackId: string },
): Promise<Replay | undefined> {
  const found = await db.raw<{ rows: Candidate[] }>(READ_CANDIDATE, { partnerId, postbackId });
  const [candidate] = found.rows;
  if (!candidate) return undefined;
  const refusal = findRefusal(candidate);
  if (refusal !== null) throw new AppError('conflict', `Postback ${postbackId} is not sent again: ${refusal}.`);
  const { rows } = await db.raw<{ rows: [Replay] }>(CREATE_REDELIVERY, {
    replayId: newReplayId(),
    partnerId,
    postbackId,
    states: [...replayableStates],
  });
  return rows[0];
}

function findRefusal(candidate: Candidate): string | null {
  const { state, status, hasRefId, isOvertaken, isUnderWay, settings } = candidate;
  if (state === 'superseded' || isOvertaken) return 'a newer status of its conversion has overtaken it';
  if (!isEnded(state)) return tellWhenDue(candidate);
  if (!hasRefId) return 'its visit came without a usable ref_id, so it could not say which visit it is about';
  if (!settings) return 'there is no postback URL';
  if (!settings.statuses.includes(status)) return `the status ${status} is switched off`;
  return isUnderWay ? 'it is being sent again already' : null;
}

function tellWhenDue({ nextAttemptAt }: Candidate): string {
  return `it is still being delivered${nextAttemptAt === null ? '' : `, the next attempt is due at ${nextAttemptAt}`}`;
}
