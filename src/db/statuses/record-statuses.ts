import {
  hasRecorded,
  isDecision,
  isStatus,
  judgeReport,
  noteResult,
  type StatusReport,
  type StatusResult,
} from '../../domain/status-report.ts';
import type { Asks } from '../pipelined.ts';
import { closeOffers } from '../prices/closed-offers.ts';
import { priceStatuses, type StatusToPrice } from '../prices/price-statuses.ts';
import { readDecisionTimes } from './decision-times.ts';
import { leaveHeldCounts } from './leave-held-counts.ts';
import { conversionKey, lockConversions, type Held, type LockedConversions } from './lock-conversions.ts';
import { findSignedBefore, rememberSigned } from './signed-calls.ts';
import { writeVerdicts, type JudgedReport, type NewStatusEvent } from './write-verdicts.ts';

/** What became of a report; `leadId` and `seq` name the event that it became, null when it became none. */
export type StatusVerdict = { callId: number; result: StatusResult; leadId: string | null; seq: number | null };

type RecordOptions = {
  windowMs: number;
  /** Of rows of a file: see `bulkRankOf`. */
  bulkRank?: number;
  /**
   * Called when the last statement has been asked for, so that the COMMIT goes along with it.
   * @param results what became of each report
   */
  commit?: (results: StatusResult[]) => Promise<void>;
};

/** Looks at the reports once more when their leads are locked, so that nothing is decided any more meanwhile. */
type Review = (reports: readonly StatusReport[]) => Promise<readonly StatusReport[]>;

/**
 * Judges and records reports in the order given, each as if those before it were committed already; several may be of one
 * lead or one conversion. However many there are, Postgres is asked three times; a few times more where prices
 * hang on how many were approved. Every report leaves a row in status_calls.
 *
 * To be called once in a transaction: leads are locked before counts, so that nobody waits for each other.
 *
 * @param trx a transaction; the leads stay locked until it ends
 * @returns a verdict for each
 */
export async function recordStatuses(
  trx: Asks,
  reports: readonly StatusReport[],
  { review, ...options }: RecordOptions & { review?: Review },
): Promise<StatusVerdict[]> {
  const locked = await lockReported(trx, reports, 'wait');
  return await record(trx, review ? await review(reports) : reports, { locked, ...options });
}

/**
 * The same, but it waits for no lead and for nobody's change of prices, and unless it is told to for no count of approvals.
 * @returns for a report that would have to wait, for what; nothing of it has been written
 */
export async function recordUnheldStatuses(
  trx: Asks,
  reports: readonly StatusReport[],
  { whenCounting, ...options }: RecordOptions & { whenCounting: 'wait' | 'leave' },
): Promise<(StatusVerdict | Held)[]> {
  const locked = await lockReported(trx, reports, 'leave');
  if (whenCounting === 'leave') await leaveHeldCounts(trx, reports, locked);
  if (locked.held.size === 0) return await record(trx, reports, { locked, ...options });
  const heldOf = ({ advertiserId, conversionId }: StatusReport) =>
    conversionId === null ? undefined : locked.held.get(conversionKey(advertiserId, conversionId));
  const unheld = reports.filter((report) => heldOf(report) === undefined);
  const verdicts = unheld.length === 0 ? [] : await record(trx, unheld, { locked, ...options });
  return reports.map((report) => heldOf(report) ?? (verdicts.shift() as StatusVerdict));
}

async function lockReported(
  trx: Asks,
  reports: readonly StatusReport[],
  whenHeld: 'wait' | 'leave',
): Promise<LockedConversions> {
  // What is not usable changes nothing, so it locks nothing.
  const usable = reports.filter(({ meaning, conversionId }) => isStatus(meaning) && conversionId !== null);
  if (usable.length === 0) return { leads: new Map(), conversions: new Map(), held: new Map(), now: '' };
  const locked = await lockConversions(trx, usable, whenHeld);
  await readDecisionTimes(trx, usable, locked.conversions);
  return locked;
}

async function record(
  trx: Asks,
  reports: readonly StatusReport[],
  { locked, windowMs, bulkRank, commit }: RecordOptions & { locked: LockedConversions },
): Promise<StatusVerdict[]> {
  const signedBefore = await findSignedBefore(trx, reports, locked);
  const judged = judgeInOrder(reports, { locked, signedBefore }, windowMs);
  const { prices, closings } = await priceStatuses(
    trx,
    judged.flatMap(({ toPrice }) => toPrice ?? []),
  );
  const priced = judged.map(({ report, result, toPrice, event }) => {
    const price = toPrice && prices.shift();
    return { report, result, event: event && price ? { ...event, price } : null };
  });
  // Asked for in this order, and none of them waits for another's answer.
  const [callIds] = await Promise.all([
    writeVerdicts(trx, priced, { now: locked.now, bulkRank: bulkRank ?? null }),
    rememberSigned(trx, signedDecisions(judged)),
    // Last, because whoever changes the catalogue waits for it from then on.
    closeOffers(trx, closings),
    commit?.(judged.map(({ result }) => result)),
  ]);
  return judged.map(({ result, event }, index) => ({
    callId: callIds[index] ?? NaN,
    result,
    leadId: event?.leadId ?? null,
    seq: event?.seq ?? null,
  }));
}

/** A report that was judged; what is recorded of it has no price yet. */
type UnpricedReport = Omit<JudgedReport, 'event'> & {
  event: Omit<NewStatusEvent, 'price'> | null;
  toPrice: StatusToPrice | null;
};

/** Each report sees what those before it have changed, which is noted in `locked` and `signedBefore`. */
function judgeInOrder(
  reports: readonly StatusReport[],
  { locked, signedBefore }: { locked: LockedConversions; signedBefore: Set<string> },
  windowMs: number,
): UnpricedReport[] {
  const nowMs = Date.parse(locked.now);
  return reports.map((report) => {
    const { advertiserId, conversionId, meaning, signedAs } = report;
    const conversion = locked.conversions.get(conversionKey(advertiserId, conversionId ?? ''));
    const lead = conversion && locked.leads.get(conversion.leadId);
    const isRepeated = signedAs !== undefined && signedBefore.has(signedAs);
    const result = judgeReport(report, conversion, { nowMs, windowMs, isRepeated });
    for (const digest of signedDecisions([{ report, result }])) signedBefore.add(digest);
    const before = conversion?.status ?? null;
    if (conversion) noteResult(conversion, { report, result, nowMs });
    if (!hasRecorded(result) || !lead || !isStatus(meaning)) return { report, result, event: null, toPrice: null };
    const { leadId, offerId, reward, counters } = conversion;
    const toPrice = {
      leadId,
      conversionId: conversion.conversionId,
      offerId,
      status: meaning,
      before,
      at: new Date(nowMs).toISOString(),
      reward,
      isCounted: counters !== null,
    };
    lead.lastSeq++;
    return { report, result, event: { leadId, seq: lead.lastSeq, offerId }, toPrice };
  });
}

/** What was signed of what has decided something, or has said once more what was decided then or before. */
function signedDecisions(judged: readonly Pick<JudgedReport, 'report' | 'result'>[]): string[] {
  return judged.flatMap(({ report: { signedAs, meaning }, result }) => {
    const isTaken = result === 'recorded' || result === 'duplicate' || result === 'stale';
    return isTaken && isDecision(meaning) && signedAs !== undefined ? [signedAs] : [];
  });
}
