import type { Knex } from 'knex';
import { assumeStatuses, readJudged, type Assumed } from '../../src/db/imports/assumptions.ts';
import type { ImportTurn } from '../../src/db/imports/import-turns.ts';
import { readDecisionTimes } from '../../src/db/statuses/decision-times.ts';
import { conversionKey } from '../../src/db/statuses/lock-conversions.ts';
import {
  hasRecorded,
  isStatus,
  judgeReport,
  noteResult,
  type StatusReport,
  type StatusResult,
} from '../../src/domain/status-report.ts';

/**
 * What recording the reports in this order would give at this moment, by the same rules. Nothing of a lead is locked or
 * written; what it would have become is noted for the rows that follow.
 */
export async function judgeRows(
  trx: Knex,
  reports: readonly StatusReport[],
  { turn: { importId, advertiserId }, windowMs }: { turn: ImportTurn; windowMs: number },
): Promise<StatusResult[]> {
  const named = reports.flatMap(({ conversionId, meaning }) =>
    conversionId !== null && isStatus(meaning) ? [conversionId] : [],
  );
  const conversionIds = [...new Set(named)];
  const { conversions, nowMs } = await readJudged(trx, { importId, advertiserId, conversionIds });
  await readDecisionTimes(trx, reports, conversions);
  const assumed = new Map<string, Assumed>();
  const results = reports.map((report) => {
    const { conversionId } = report;
    const conversion = conversionId === null ? undefined : conversions.get(conversionKey(advertiserId, conversionId));
    const result = judgeReport(report, conversion, { nowMs, windowMs });
    if (!conversion || conversionId === null) return result;
    noteResult(conversion, report, result, nowMs);
    const { status, decidedMs = null } = conversion;
    // What repeats a decision changes nothing but, where it names its time, the moment that the decision is of.
    const isNews = hasRecorded(result) || (result === 'duplicate' && report.eventAt !== null);
    if (isNews && status !== null) assumed.set(conversionId, { status, decidedMs });
    return result;
  });
  await assumeStatuses(trx, { importId, assumed });
  return results;
}
