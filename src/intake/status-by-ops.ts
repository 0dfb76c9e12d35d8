import { asActor, noteAct, type Actor } from '../db/audit.ts';
import { findAdvertiserOfConversion } from '../db/statuses/kept-calls.ts';
import { recordStatuses } from '../db/statuses/record-statuses.ts';
import type { StatusReport } from '../domain/status-report.ts';
import type { Status } from '../domain/status.ts';
import { AppError } from '../errors.ts';
import type { Judging } from './kept-calls.ts';
import { answerTo, type StatusAnswer } from './status-answer.ts';

/** A status that ops give themselves, and why; the partner hears the reason, and nothing of the comment. */
export type StatusByOps = { conversionId: string; status: Status; reason: string; comment: string | null };

/** Records a status that ops give, like an advertiser's call but whatever the window says. @throws AppError `unknown` */
export async function recordByOps({ db, windowMs }: Judging, given: StatusByOps, actor: Actor): Promise<StatusAnswer> {
  const { conversionId, status } = given;
  return await asActor(db, actor, async (trx) => {
    const advertiserId = await findAdvertiserOfConversion(trx, conversionId);
    if (advertiserId === undefined) throw new AppError('unknown', `There is no conversion ${conversionId}.`);
    const report = toReport(given, { advertiserId, actor });
    const [verdict] = await recordStatuses(trx, [report], { windowMs });
    const answer = answerTo(report, verdict?.result ?? 'malformed');
    await noteAct(trx, {
      ...{ action: 'give_status', subjectType: 'conversion', subjectId: conversionId },
      after: { status, reason: given.reason, result: answer.result },
      comment: given.comment ?? undefined,
    });
    return answer;
  });
}

function toReport(
  { conversionId, status, reason, comment }: StatusByOps,
  { advertiserId, actor }: { advertiserId: string; actor: Actor },
): StatusReport {
  const body = { conversion_id: conversionId, status, reason, comment, by: actor.name };
  return {
    ...{ advertiserId, conversionId, word: status, meaning: status, reason, transactionId: null },
    raw: { method: 'OPS', query: {}, body },
    source: 'ops',
    ...{ eventAt: null, notify: true, callId: null, isAcceptedLate: false },
  };
}
