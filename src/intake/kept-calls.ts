import type { Knex } from 'knex';
import { readVocabulary } from '../db/advertisers.ts';
import { asActor, noteAct, type Actor } from '../db/audit.ts';
import { isRowRefused } from '../db/sqlstate.ts';
import { countWaitingCalls, lockStatusCall, lockWaitingCalls, type KeptStatusCall } from '../db/statuses/kept-calls.ts';
import { recordStatuses } from '../db/statuses/record-statuses.ts';
import { readRowTime } from '../domain/imports/row.ts';
import { readStatusFields } from '../domain/status-call.ts';
import { isStatus, meaningOf, type StatusReport, type StatusResult } from '../domain/status-report.ts';
import { statuses, type Status } from '../domain/status.ts';
import { understand, type Vocabulary } from '../domain/vocabulary.ts';
import { AppError } from '../errors.ts';

/** What became of calls that were kept for their words. */
export type AppliedCalls = {
  /** How many were recorded. */
  applied: number;
  /** How many were judged and changed nothing. */
  notApplied: number;
  /** How many became what. */
  results: Partial<Record<StatusResult, number>>;
  /** How many could not be judged in the time there was; at most 10,000 are counted. */
  waiting: number;
};

/** The new verdict on a kept call. */
export type Rejudged = {
  callId: number;
  conversionId: string | null;
  /** What its word was taken for. */
  status: Status | null;
  result: StatusResult;
};

export type Judging = { db: Knex; windowMs: number };

export type KeptCallsToApply = {
  advertiserId: string;
  /** On whose behalf. */
  actor: Actor;
  /** After that no further batch is begun. */
  withinMs: number;
};

/** Whoever explains a word waits so long for its calls to be applied; the rest is applied by asking again. */
export const APPLY_WITHIN_MS = 10_000;

// So many leads are held at a time: a status of one of them waits for some milliseconds.
const BATCH = 200;
const MOST_WAITING_COUNTED = 10_000;
// For these there is nothing to repair, or another way.
const REPAIRABLE: readonly StatusResult[] = ['unknown_word', 'unknown_conversion', 'malformed', 'ignored'];

/**
 * Judges the calls of an advertiser that were refused for a word which it knows by now, in the order in which they came,
 * each by the window of that time (R9). They are judged in batches: what is killed in between has judged some and left the
 * others as they were, and whoever calls it again goes on. Each batch has its line in the audit log.
 *
 * @throws AppError `unavailable` when it cannot go on; it says how many were applied before that
 */
export async function applyKeptCalls(
  { db, windowMs }: Judging,
  { advertiserId, actor, withinMs }: KeptCallsToApply,
): Promise<AppliedCalls> {
  const begun = performance.now();
  const results: AppliedCalls['results'] = {};
  try {
    const vocabulary = await readVocabulary(db, advertiserId);
    const words = [...new Set([...Object.keys(vocabulary.words), ...statuses])];
    let after = 0;
    let isDone = false;
    while (!isDone && performance.now() - begun < withinMs) {
      const judged = await asActor(db, actor, async (trx) => {
        const kept = await lockWaitingCalls(trx, { advertiserId, words, after, limit: BATCH });
        const batch = await judgeAgain(trx, kept, { vocabulary, windowMs });
        await noteApplied(trx, advertiserId, batch);
        return batch;
      });
      addResults(results, judged);
      after = judged.at(-1)?.callId ?? after;
      isDone = judged.length === 0;
    }
    const waiting = isDone ? 0 : await countWaitingCalls(db, { advertiserId, words, most: MOST_WAITING_COUNTED });
    return { ...countResults(results), waiting };
  } catch (cause) {
    if (isRowRefused(cause)) throw cause;
    throw interrupted(results, cause);
  }
}

/** Saving words that have not changed leaves no other trace of who has applied these calls. */
async function noteApplied(trx: Knex, advertiserId: string, judged: readonly Rejudged[]): Promise<void> {
  if (judged.length === 0) return;
  const { applied, notApplied, results } = countResults(addResults({}, judged));
  const calls = { first_call_id: judged[0]?.callId, last_call_id: judged.at(-1)?.callId };
  const after = { applied, not_applied: notApplied, results, ...calls };
  await noteAct(trx, { action: 'apply_kept_calls', subjectType: 'advertiser', subjectId: advertiserId, after });
}

function addResults(results: AppliedCalls['results'], judged: readonly Rejudged[]): AppliedCalls['results'] {
  for (const { result } of judged) results[result] = (results[result] ?? 0) + 1;
  return results;
}

function countResults(results: AppliedCalls['results']): Omit<AppliedCalls, 'waiting'> {
  const total = Object.values(results).reduce((sum, count) => sum + count, 0);
  const applied = results.recorded ?? 0;
  return { applied, notApplied: total - applied, results };
}

/** What was said of the words is saved by then, and the batch that failed may have been applied all the same. */
function interrupted(results: AppliedCalls['results'], cause: unknown): AppError {
  const { applied, notApplied } = countResults(results);
  const soFar = `${applied} kept calls were recorded and ${notApplied} changed nothing`;
  const detail = `What the words mean is saved, but applying the kept calls was interrupted: so far ${soFar}. The others wait: save or map it once more to go on.`;
  return new AppError('unavailable', detail, { cause });
}

/**
 * Judges one kept call again, by the words and names of today and by the window of the time when it came.
 * @throws AppError `unknown` when there is no such call, `conflict` when nothing can be repaired about it
 */
export async function rejudgeCall({ db, windowMs }: Judging, callId: number, actor: Actor): Promise<Rejudged> {
  return await asActor(db, actor, async (trx) => {
    const kept = await lockStatusCall(trx, callId);
    if (!kept) throw new AppError('unknown', `There is no status call ${callId}.`);
    if (!REPAIRABLE.includes(kept.result)) throw new AppError('conflict', refuseToJudge(kept));
    const vocabulary = await readVocabulary(trx, kept.advertiserId);
    const [judged] = await judgeAgain(trx, [kept], { vocabulary, windowMs });
    if (!judged) throw new Error(`Status call ${callId} was judged without a verdict.`);
    const after = { conversion_id: judged.conversionId, status: judged.status, result: judged.result };
    const subject = { subjectType: 'status_call', subjectId: String(callId) };
    await noteAct(trx, { action: 'rejudge', ...subject, before: { result: kept.result }, after });
    return judged;
  });
}

function refuseToJudge({ callId, result }: KeptStatusCall): string {
  if (result === 'window_closed') return `Status call ${callId} came after its window: it can be accepted late.`;
  return `Status call ${callId} is ${result}: there is nothing about it to repair.`;
}

async function judgeAgain(
  trx: Knex,
  kept: KeptStatusCall[],
  { vocabulary, windowMs }: { vocabulary: Vocabulary; windowMs: number },
): Promise<Rejudged[]> {
  if (kept.length === 0) return [];
  const reports = kept.map((call) => toReport(call, vocabulary));
  const verdicts = await recordStatuses(trx, reports, { windowMs });
  return reports.map(({ conversionId, meaning }, index) => ({
    callId: kept[index]?.callId ?? NaN,
    conversionId,
    status: isStatus(meaning) ? meaning : null,
    result: verdicts[index]?.result ?? 'malformed',
  }));
}

/** A kept call as a report, read anew by this vocabulary. A row whose own time could not be read has no other. */
export function toReport(kept: KeptStatusCall, vocabulary: Vocabulary): StatusReport {
  const { callId, advertiserId, raw, source, at, eventAt, notify } = kept;
  const { problems, ...fields } = readFields(kept, vocabulary);
  const isReadable = problems.length === 0 && !(source === 'import' && 'problem' in readRowTime(raw.body ?? {}));
  const meaning = isReadable ? meaningOf(understand(fields, vocabulary)) : 'malformed';
  return { advertiserId, ...fields, meaning, raw, source, eventAt, notify, callId, cameAt: at, isAcceptedLate: false };
}

/** A row of a file is kept by the names that held then, and beside it what was read: that stays when names change. */
function readFields({ source, raw, ...kept }: KeptStatusCall, { parameters }: Vocabulary) {
  const read = readStatusFields(raw, parameters);
  if (source === 'call') return read;
  return {
    ...read,
    conversionId: read.conversionId ?? kept.conversionId,
    word: read.word ?? kept.word,
    transactionId: read.transactionId ?? kept.transactionId,
  };
}
