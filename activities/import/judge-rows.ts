import type { Knex } from 'knex';
import { assumeStatuses, readJudged } from '../../src/db/imports/assumptions.ts';
import type { ImportTurn } from '../../src/db/imports/import-turns.ts';
import { isStatus, judgeReport, type StatusReport, type StatusResult } from '../../src/domain/status-report.ts';
import type { Status } from '../../src/domain/status.ts';

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
  const statuses = new Map<string, Status>();
  const results = reports.map((report) => {
    const { conversionId, meaning } = report;
    const conversion = conversionId === null ? undefined : conversions.get(conversionId);
    const result = judgeReport(report, conversion, { nowMs, windowMs });
    if (result !== 'recorded' || !conversion || conversionId === null || !isStatus(meaning)) return result;
    conversion.status = meaning;
    statuses.set(conversionId, meaning);
    return result;
  });
  await assumeStatuses(trx, { importId, statuses });
  return results;
}
