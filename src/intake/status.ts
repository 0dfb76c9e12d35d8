import { findAdvertiserByTokenHash, readVocabulary } from '../db/advertisers.ts';
import { asActor, noteAct, type Actor } from '../db/audit.ts';
import { hashKey } from '../db/keys/keys.ts';
import { isRowRefused } from '../db/sqlstate.ts';
import { lockStatusCall } from '../db/statuses/kept-calls.ts';
import { recordStatuses } from '../db/statuses/record-statuses.ts';
import { meaningOf, type StatusReport } from '../domain/status-report.ts';
import type { RawStatusCall, StatusFields } from '../domain/status-call.ts';
import { PLAIN_VOCABULARY, understand, type Understanding, type Vocabulary } from '../domain/vocabulary.ts';
import { AppError, type FieldProblem } from '../errors.ts';
import {
  applyKeptCalls,
  rejudgeCall,
  toReport as toKeptReport,
  type AppliedCalls,
  type KeptCallsToApply,
  type Rejudged,
} from './kept-calls.ts';
import { recordByOps, type StatusByOps } from './status-by-ops.ts';
import { answerTo, type StatusAnswer } from './status-answer.ts';
import { createStatusLanes, type StatusLanesDeps } from './status-lanes.ts';

export type { StatusAnswer };

/** An advertiser's call as it came, authenticated but not yet judged. */
export type StatusCall = StatusFields & {
  advertiserId: string;
  /** Kept as it is: a call that is accepted late is read from it again. */
  raw: RawStatusCall;
  /** Of one whose signature was asked for: see `StatusReport`. */
  signedAs?: string | undefined;
};

/** Of a call whose word is to be ignored: it has changed nothing. */
export type IgnoredAnswer = { conversionId: string | null; status: null; result: 'ignored' };

export type StatusIntake = {
  /** @throws AppError `unauthorized` unless the token is this advertiser's */
  authenticate(advertiserId: string, token: string | undefined): Promise<void>;
  /**
   * @param vocabulary of its advertiser
   * @throws AppError `malformed`, `unknown`, `unknown_status` or `window_closed`; the call is kept all the same
   */
  record(call: StatusCall, vocabulary?: Vocabulary): Promise<StatusAnswer | IgnoredAnswer>;
  /**
   * Keeps a call that cannot be understood, with the conversion it names; it changes nothing.
   * @throws AppError `malformed`, always, naming the problems
   */
  keepMalformed(call: StatusCall, problems: FieldProblem[]): Promise<never>;
  /** R9: records a status that was refused because the window was over. */
  acceptLate(callId: number, actor: Actor): Promise<StatusAnswer>;
  /** Judges a kept call again, when what it was refused for has been repaired. @throws AppError `unknown`, `conflict` */
  rejudge(callId: number, actor: Actor): Promise<Rejudged>;
  /** Judges the calls that an advertiser's words of today can be applied to. */
  applyKept(asked: KeptCallsToApply): Promise<AppliedCalls>;
  /** Records a status that ops give themselves, whatever the window says. @throws AppError `unknown` */
  recordByOps(given: StatusByOps, actor: Actor): Promise<StatusAnswer>;
  /** Resolves once everything handed in so far is committed or refused. */
  flush(): Promise<void>;
};

export function wrongToken(): AppError {
  return new AppError(
    'unauthorized',
    'The call does not prove that it comes from this advertiser: check its token, its signature and its address.',
  );
}

export function createStatusIntake(deps: StatusLanesDeps): StatusIntake {
  const { db, windowMs } = deps;
  const lanes = createStatusLanes(deps);
  return {
    async authenticate(advertiserId, token) {
      // The look-up goes by the hash of a random token, so its timing tells nothing about the token.
      const owner = token ? await orUnavailable(() => findAdvertiserByTokenHash(db, hashKey(token))) : undefined;
      if (owner !== advertiserId) throw wrongToken();
    },

    async record(call, vocabulary = PLAIN_VOCABULARY) {
      // A refusal is thrown after the commit, so that the raw call is kept whatever becomes of it.
      const understood = understand(call, vocabulary);
      const report = toReport(call, meaningOf(understood));
      const { result } = await lanes.record(report);
      if (understood.kind === 'ignore') return { conversionId: call.conversionId, status: null, result: 'ignored' };
      if (understood.kind === 'refused') throw refuseToUnderstand(understood);
      return answerTo(report, result);
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
          // Its words and names are read as they are meant today.
          const vocabulary = await readVocabulary(trx, kept.advertiserId);
          const report = { ...toKeptReport(kept, vocabulary), isAcceptedLate: true };
          const [verdict] = await recordStatuses(trx, [report], { windowMs });
          const answer = answerTo(report, verdict?.result ?? 'malformed');
          const after = { conversion_id: answer.conversionId, status: answer.status, result: answer.result };
          await noteAct(trx, { action: 'accept_late', subjectType: 'status_call', subjectId: String(callId), after });
          return answer;
        }),
      );
    },

    rejudge: (callId, actor) => orUnavailable(() => rejudgeCall({ db, windowMs }, callId, actor)),
    applyKept: (asked) => orUnavailable(() => applyKeptCalls({ db, windowMs }, asked)),
    recordByOps: (given, actor) => orUnavailable(() => recordByOps({ db, windowMs }, given, actor)),

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
  { advertiserId, conversionId, word, reason, transactionId, raw, signedAs }: StatusCall,
  meaning: StatusReport['meaning'],
): StatusReport {
  return {
    advertiserId,
    conversionId,
    word,
    meaning,
    reason,
    transactionId,
    raw,
    source: 'call',
    signedAs,
    eventAt: null,
    notify: true,
    callId: null,
    isAcceptedLate: false,
  };
}

function refuseToUnderstand({ result, message }: Extract<Understanding, { kind: 'refused' }>): AppError {
  return new AppError(result === 'unknown_word' ? 'unknown_status' : 'malformed', message);
}
