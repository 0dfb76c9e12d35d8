import { readJudged } from '../../src/db/imports/assumptions.ts';
import type { ImportTurn } from '../../src/db/imports/import-turns.ts';
import type { Asks } from '../../src/db/pipelined.ts';
import {
  findDecidedByPulls,
  findDecidedSince,
  findOwnConversions,
  readSaid,
  writeSaid,
} from '../../src/db/pulls/pulled-conversions.ts';
import { conversionKey } from '../../src/db/statuses/lock-conversions.ts';
import { recordStatuses } from '../../src/db/statuses/record-statuses.ts';
import { noteRow } from '../../src/domain/pulls/said-before.ts';
import {
  isDecision,
  isStatus,
  judgeReport,
  type StatusReport,
  type StatusResult,
} from '../../src/domain/status-report.ts';
import { markOfRow } from './mark-of-row.ts';

type Pulled = {
  turn: ImportTurn;
  windowMs: number;
  /** See `bulkRankOf`. */
  bulkRank: number;
  /** How many of its rows may still leave something behind although their conversion is unknown. */
  unknownLeft: number;
};

/** What became of each row; `unlogged` of them are about unknown conversions and left nothing. */
export type BookedPull = { results: StatusResult[]; unlogged: number };

/**
 * Books rows of an export. Most of them were there the last time, so a row that says what the export has said of its
 * conversion before changes no decision, which may have come by another way since; nor does one without a time of its own
 * that was fetched before the decision came. A row whose word has come to mean something else is news, unless its conversion
 * was decided by another way since.
 *
 * Unless a repeat is news all the same, it is counted and leaves no call behind: an export of a million rows would leave a
 * million with each pull. Nor does a row that cannot be read: the next pull brings it again, mended or not. Nor do rows about
 * conversions that we do not know, beyond some: an export of invented ids would fill tables without end.
 */
export async function bookPulledRows(
  trx: Asks,
  reports: readonly StatusReport[],
  { unknownLeft, ...booking }: Pulled,
): Promise<BookedPull> {
  const unlogged = await findTooMany(trx, reports, { turn: booking.turn, unknownLeft });
  const logged = reports.filter((report) => !unlogged.has(report));
  const results = await bookLogged(trx, logged, booking);
  return {
    results: reports.map((report) => unlogged.get(report) ?? (results.shift() as StatusResult)),
    unlogged: unlogged.size,
  };
}

/** Which rows are to leave nothing because too many before them were about unknown conversions, and what becomes of them. */
async function findTooMany(
  trx: Asks,
  reports: readonly StatusReport[],
  { turn: { advertiserId }, unknownLeft }: Pick<Pulled, 'turn' | 'unknownLeft'>,
): Promise<Map<StatusReport, StatusResult>> {
  if (reports.length <= unknownLeft) return new Map();
  const own = await findOwnConversions(trx, { advertiserId, conversionIds: idsOf(reports) });
  const isUnknown = ({ conversionId, meaning }: StatusReport) =>
    meaning !== 'malformed' && !(conversionId !== null && own.has(conversionId));
  const tooMany = reports.filter(isUnknown).slice(unknownLeft);
  return new Map(tooMany.map((report) => [report, isStatus(report.meaning) ? 'unknown_conversion' : report.meaning]));
}

async function bookLogged(
  trx: Asks,
  reports: readonly StatusReport[],
  { turn, windowMs, bulkRank }: Omit<Pulled, 'unknownLeft'>,
): Promise<StatusResult[]> {
  if (reports.length === 0) return [];
  const { noted, reread } = await noteRepeats(trx, reports, turn);
  const repeats = noted.filter(({ isOutdated }) => isOutdated === true);
  const known = await judgeRepeats(trx, repeats, { turn, windowMs });
  const toRecord = noted.filter((report) => !known.has(report) && report.meaning !== 'malformed');
  const review = async (reports: readonly StatusReport[]) =>
    await markFetchedBefore(trx, await markDecidedElsewhere(trx, reports, { turn, reread }), turn);
  const recorded = toRecord.length === 0 ? [] : await recordStatuses(trx, toRecord, { windowMs, bulkRank, review });
  return noted.map((report) => {
    if (report.meaning === 'malformed') return report.meaning;
    return known.get(report) ?? (recorded.shift()?.result as StatusResult);
  });
}

/** Marks what the export has said before, and notes what it says now. */
async function noteRepeats(
  trx: Asks,
  reports: readonly StatusReport[],
  { advertiserId, importId }: ImportTurn,
): Promise<{ noted: StatusReport[]; reread: ReadonlySet<StatusReport> }> {
  const conversionIds = idsOf(reports);
  const reread = new Set<StatusReport>();
  const said = await readSaid(trx, { advertiserId, conversionIds });
  const noted = reports.map((report) => {
    const { conversionId, meaning } = report;
    if (conversionId === null || meaning === 'malformed') return report;
    const row = noteRow(said.get(conversionId), { importId, mark: markOfRow(report), readAs: meaning });
    said.set(conversionId, row.said);
    const marked = { ...report, isOutdated: row.kind === 'repeat' };
    if (row.kind === 'reread') reread.add(marked);
    return marked;
  });
  await writeSaid(trx, { advertiserId, said });
  return { noted, reread };
}

/** Marks what is only read otherwise than before, where its conversion was decided by another way since. */
async function markDecidedElsewhere(
  trx: Asks,
  reports: readonly StatusReport[],
  { turn: { advertiserId }, reread }: { turn: ImportTurn; reread: ReadonlySet<StatusReport> },
): Promise<StatusReport[]> {
  const conversionIds = idsOf(reports.filter((report) => reread.has(report)));
  const decided = await findDecidedByPulls(trx, { advertiserId, conversionIds });
  return reports.map((report) =>
    reread.has(report) ? { ...report, isOutdated: !decided.has(report.conversionId ?? '') } : report,
  );
}

function idsOf(reports: readonly StatusReport[]): string[] {
  return [...new Set(reports.flatMap(({ conversionId }) => conversionId ?? []))];
}

/** Marks what was fetched before a decision that has come by another way: the file says what was true until then. */
async function markFetchedBefore(
  trx: Asks,
  reports: readonly StatusReport[],
  { importId }: ImportTurn,
): Promise<StatusReport[]> {
  const isUndated = ({ eventAt, meaning }: StatusReport) => eventAt === null && isDecision(meaning);
  const conversionIds = idsOf(reports.filter(isUndated));
  const decided = await findDecidedSince(trx, { importId, conversionIds });
  return reports.map((report) =>
    isUndated(report) && decided.has(report.conversionId ?? '') ? { ...report, isOutdated: true } : report,
  );
}

/** What repeats change nothing; a repeat that would be recorded is missing. */
async function judgeRepeats(
  trx: Asks,
  repeats: readonly StatusReport[],
  { turn: { advertiserId, importId }, windowMs }: Pick<Pulled, 'turn' | 'windowMs'>,
): Promise<Map<StatusReport, StatusResult>> {
  const conversionIds = idsOf(repeats);
  if (conversionIds.length === 0) return new Map();
  const { conversions, nowMs } = await readJudged(trx, { importId, advertiserId, conversionIds });
  const judged = repeats.map((report) => {
    const conversion = conversions.get(conversionKey(advertiserId, report.conversionId ?? ''));
    return [report, judgeReport(report, conversion, { nowMs, windowMs })] as const;
  });
  return new Map(judged.filter(([, result]) => result !== 'recorded'));
}
