import { assumeStatuses, readJudged, type Assumed, type JudgedFacts } from '../../src/db/imports/assumptions.ts';
import type { ImportTurn } from '../../src/db/imports/import-turns.ts';
import type { Asks } from '../../src/db/pipelined.ts';
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

/** Judges the rows of a dry run, batch by batch in their order. */
export type DryRun = {
  /** Reads what reports are judged by: at the earliest when all batches have ended but the one before them. */
  read(db: Asks, reports: readonly StatusReport[]): Promise<JudgedFacts>;
  /**
   * What recording the reports in this order would give at this moment, by the same rules. Nothing of a lead is locked or
   * written; what it would have become is noted for the rows that follow.
   *
   * @param commit called with the results when the last statement has been asked for
   */
  judge(trx: Asks, reports: readonly StatusReport[], asked: Asked): Promise<void>;
};

type Asked = { facts: JudgedFacts; commit: (results: StatusResult[]) => Promise<void> };

export function createDryRun({ importId, advertiserId }: ImportTurn, windowMs: number): DryRun {
  /** Of the batch before, which may have been under way when the facts for this one were read. */
  let before: ReadonlyMap<string, Assumed> = new Map();

  return {
    async read(db, reports) {
      const named = reports.flatMap(({ conversionId, meaning }) =>
        conversionId !== null && isStatus(meaning) ? [conversionId] : [],
      );
      return await readJudged(db, { importId, advertiserId, conversionIds: [...new Set(named)] });
    },

    async judge(trx, reports, { facts: { conversions, nowMs }, commit }) {
      for (const [conversionId, { status, decidedMs }] of before) {
        const conversion = conversions.get(conversionKey(advertiserId, conversionId));
        if (conversion) Object.assign(conversion, { status, decidedMs: decidedMs ?? undefined });
      }
      await readDecisionTimes(trx, reports, conversions);
      const assumed = new Map<string, Assumed>();
      const results = reports.map((report) => {
        const { conversionId } = report;
        const conversion =
          conversionId === null ? undefined : conversions.get(conversionKey(advertiserId, conversionId));
        const result = judgeReport(report, conversion, { nowMs, windowMs });
        if (!conversion || conversionId === null) return result;
        noteResult(conversion, { report, result, nowMs });
        const { status, decidedMs } = conversion;
        // What repeats a decision changes nothing but, where it names its time, the moment that the decision is of.
        const isNews = hasRecorded(result) || (result === 'duplicate' && report.eventAt !== null);
        if (isNews && status !== null) assumed.set(conversionId, { status, decidedMs: wholeMs(decidedMs) });
        return result;
      });
      await Promise.all([assumeStatuses(trx, { importId, assumed }), commit(results)]);
      before = assumed;
    },
  };
}

/** As it is read again later. */
function wholeMs(timeMs: number | undefined): number | null {
  return timeMs === undefined ? null : Math.floor(timeMs);
}
