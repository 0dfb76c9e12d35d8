import type { Knex } from 'knex';
import { findAdvertiserByTokenHash } from '../db/advertisers.ts';
import { asActor, noteAct, type Actor } from '../db/audit.ts';
import { hashKey } from '../db/keys/keys.ts';
import { isRowRefused } from '../db/sqlstate.ts';
import { lockStatusCall } from '../db/statuses/kept-calls.ts';
import { recordStatuses } from '../db/statuses/record-statuses.ts';
import { isStatus, type StatusReport, type StatusResult } from '../domain/status-report.ts';
import { readStatusFields, type RawStatusCall, type StatusFields } from '../domain/status-call.ts';
import { parseStatus, statuses, type Status, type Transition } from '../domain/status.ts';
import { AppError, type FieldProblem } from '../errors.ts';
import { createStatusLanes } from './status-lanes.ts';

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
  acceptLate(callId: number, actor: Actor): Promise<StatusAnswer>;
  /** Resolves once everything handed in so far is committed or refused. */
  flush(): Promise<void>;
};

export function wrongToken(): AppError {
  return new AppError('unauthorized', 'The token is not valid for this advertiser; ask Cashcat for a new one.');
}

export function createStatusIntake(db: Knex, windowMs: number): StatusIntake {
  const lanes = createStatusLanes(db, windowMs);
  return {
    async authenticate(advertiserId, token) {
      // The look-up goes by the hash of a random token, so its timing tells nothing about the token.
      const owner = token ? await orUnavailable(() => findAdvertiserByTokenHash(db, hashKey(token))) : undefined;
      if (owner !== advertiserId) throw wrongToken();
    },

    async record(call) {
      // A refusal is thrown after the commit, so that the raw call is kept whatever becomes of it.
      const report = toReport(call, understand(call));
      const { result } = await lanes.record(report);
      return answerTo(report, result, call.word);
    },

    async keepMalformed(call, problems) {
      await lanes.record(toReport(call, 'malformed'));
      throw new AppError('malformed', problems.map(({ message }) => message).join(' '), { problems });
    },

    async acceptLate(callId, actor) {
      return await orUnavailable(() =>
        asActor(db, actor, async (trx) => {
          const kept = await lockStatusCall(trx, callId);
          if (!kept) throw new AppError('unknown', `There is no status call ${callId}.`);
          if (kept.result !== 'window_closed') {
            const detail = `Status call ${callId} is ${kept.result}; only window_closed can be accepted late.`;
            throw new AppError('conflict', detail);
          }
          const { advertiserId, conversionId, raw } = kept;
          const call = { ...readStatusFields(raw), advertiserId, conversionId, raw };
          const report = { ...toReport(call, understand(call)), callId, isAcceptedLate: true };
          const [verdict] = await recordStatuses(trx, [report], { windowMs });
          const answer = answerTo(report, verdict?.result ?? 'malformed', call.word);
          const after = { conversion_id: answer.conversionId, status: answer.status, result: answer.result };
          await noteAct(trx, { action: 'accept_late', subjectType: 'status_call', subjectId: String(callId), after });
          return answer;
        }),
      );
    },

    flush: () => lanes.flush(),
  };
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

function toReport(
  { advertiserId, conversionId, reason, transactionId, raw }: StatusCall,
  meaning: StatusReport['meaning'],
): StatusReport {
  return {
    advertiserId,
    conversionId,
    meaning,
    reason,
    transactionId,
    raw,
    source: 'call',
    eventAt: null,
    notify: true,
    callId: null,
    isAcceptedLate: false,
  };
}

/** What a call's word means. */
function understand({ conversionId, word }: StatusFields): StatusReport['meaning'] {
  if (!conversionId || !word) return 'malformed';
  return parseStatus(word) ?? 'unknown_word';
}

/** @throws AppError when nothing came of it */
function answerTo(report: StatusReport, result: StatusResult, word: string | null): StatusAnswer {
  const { conversionId, meaning } = report;
  const isTaken = result === 'recorded' || result === 'duplicate' || result === 'stale' || result === 'accepted_late';
  if (conversionId === null || !isStatus(meaning) || !isTaken) throw refusalOf(report, result, word);
  return { conversionId, status: meaning, result: result === 'accepted_late' ? 'recorded' : result };
}

function refusalOf({ conversionId }: StatusReport, result: StatusResult, word: string | null): AppError {
  if (conversionId === null) {
    return new AppError('malformed', 'conversion_id is missing: send the id we gave you in the link.');
  }
  if (result === 'unknown_word') {
    return new AppError('unknown_status', `Status "${word}" is not known: send one of ${statuses.join(', ')}.`);
  }
  if (result === 'unknown_conversion') return new AppError('unknown', `Conversion ${conversionId} is not known.`);
  if (result === 'window_closed') {
    const detail = `The window of conversion ${conversionId} is over; the status is kept, ask us to accept it.`;
    return new AppError('window_closed', detail);
  }
  return new AppError('malformed', `status is missing: send one of ${statuses.join(', ')}.`);
}
