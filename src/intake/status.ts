import type { Knex } from 'knex';
import { findAdvertiserByTokenHash } from '../db/advertisers.ts';
import { hashKey } from '../db/keys/keys.ts';
import { isRowRefused } from '../db/sqlstate.ts';
import {
  insertStatusCall,
  insertStatusEvent,
  lockConversion,
  lockStatusCall,
  setStatusCallResult,
} from '../db/statuses.ts';
import { readStatusFields, type RawStatusCall, type StatusFields } from '../domain/status-call.ts';
import { judgeTransition, parseStatus, statuses, type Status, type Transition } from '../domain/status.ts';
import { AppError, type FieldProblem } from '../errors.ts';

/** An advertiser's call as it came, authenticated but not yet judged. */
export type StatusCall = StatusFields & {
  advertiserId: string;
  /** Kept as it is: a call that is accepted late is read from it again. */
  raw: RawStatusCall;
};

export type StatusAnswer = { conversionId: string; status: Status; result: Transition };

export type StatusIntake = {
  /** @throws AppError `unauthorized` unless the token is this advertiser's */
  authenticate(advertiserId: string, token: string | undefined): Promise<void>;
  /** @throws AppError `malformed`, `unknown`, `unknown_status` or `window_closed`; the call is kept all the same */
  record(call: StatusCall): Promise<StatusAnswer>;
  /**
   * Keeps a call that cannot be understood, with the conversion it names; it changes nothing.
   * @throws AppError `malformed`, always, naming the problems
   */
  keepMalformed(call: StatusCall, problems: FieldProblem[]): Promise<never>;
  /** R9: records a status that was refused because the window was over. */
  acceptLate(callId: number): Promise<StatusAnswer>;
};

export function wrongToken(): AppError {
  return new AppError('unauthorized', 'The token is not valid for this advertiser; ask Cashcat for a new one.');
}

export function createStatusIntake(db: Knex, windowMs: number): StatusIntake {
  return {
    async authenticate(advertiserId, token) {
      // The look-up goes by the hash of a random token, so its timing tells nothing about the token.
      const owner = token ? await orUnavailable(() => findAdvertiserByTokenHash(db, hashKey(token))) : undefined;
      if (owner !== advertiserId) throw wrongToken();
    },

    async record(call) {
      // A refusal is thrown after the commit, so that the raw call is kept whatever becomes of it.
      const answer = await inTransaction(async (trx) => {
        const callId = await insertStatusCall(trx, call);
        const judged = await judge(trx, { callId, call, windowMs });
        if (judged instanceof AppError) await setStatusCallResult(trx, callId, judged.kind);
        return judged;
      });
      if (answer instanceof AppError) throw answer;
      return answer;
    },

    async keepMalformed(call, problems) {
      await inTransaction(async (trx) => {
        await setStatusCallResult(trx, await insertStatusCall(trx, call), 'malformed');
      });
      throw new AppError('malformed', problems.map(({ message }) => message).join(' '), { problems });
    },

    async acceptLate(callId) {
      return await inTransaction(async (trx) => {
        const kept = await lockStatusCall(trx, callId);
        if (!kept) throw new AppError('unknown', `There is no status call ${callId}.`);
        if (kept.result !== 'window_closed') {
          const detail = `Status call ${callId} is ${kept.result}; only window_closed can be accepted late.`;
          throw new AppError('conflict', detail);
        }
        const { advertiserId, conversionId, raw } = kept;
        const { word, reason } = readStatusFields(raw);
        const call = { advertiserId, conversionId, word, reason };
        const answer = await judge(trx, { callId, call, windowMs: null });
        if (answer instanceof AppError) throw answer;
        return answer;
      });
    },
  };

  function inTransaction<T>(work: (trx: Knex) => Promise<T>): Promise<T> {
    return orUnavailable(() => db.transaction(work));
  }
}

/** An advertiser repeats what is answered with 503, so whatever kept its call from being stored costs no status. */
async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AppError || isRowRefused(cause)) throw cause;
    throw new AppError('unavailable', 'The status could not be stored; send it again shortly.', { cause });
  }
}

type Judgement = {
  callId: number;
  call: Omit<StatusCall, 'raw'>;
  /** Null accepts a status whatever its lead's window says. */
  windowMs: number | null;
};

async function judge(trx: Knex, { callId, call, windowMs }: Judgement): Promise<StatusAnswer | AppError> {
  const report = understand(call);
  if (report instanceof AppError) return report;
  const { conversionId, status } = report;
  const { advertiserId, reason } = call;
  const conversion = await lockConversion(trx, { conversionId, advertiserId, windowMs: windowMs ?? 0 });
  if (!conversion) return new AppError('unknown', `Conversion ${conversionId} is not known.`);

  const result = judgeTransition(conversion.status, status);
  if (result !== 'recorded') {
    await setStatusCallResult(trx, callId, result);
    return { conversionId, status, result };
  }
  if (windowMs !== null && conversion.isWindowOver) {
    return new AppError(
      'window_closed',
      `The window of conversion ${conversionId} is over; the status is kept, ask us to accept it.`,
    );
  }
  const { leadId, offerId } = conversion;
  const event = { callId, leadId, conversionId, offerId, advertiserId, status, reason };
  await insertStatusEvent(trx, { ...event, result: windowMs === null ? 'accepted_late' : 'recorded' });
  return { conversionId, status, result };
}

/** Which status a call reports of which conversion. */
function understand({ conversionId, word }: StatusFields): { conversionId: string; status: Status } | AppError {
  if (!conversionId) return new AppError('malformed', 'conversion_id is missing: send the id we gave you in the link.');
  if (!word) return new AppError('malformed', `status is missing: send one of ${statuses.join(', ')}.`);
  const status = parseStatus(word);
  if (status) return { conversionId, status };
  return new AppError('unknown_status', `Status "${word}" is not known: send one of ${statuses.join(', ')}.`);
}
