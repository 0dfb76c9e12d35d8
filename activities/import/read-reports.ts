import type { ImportTurn } from '../../src/db/imports/import-turns.ts';
import { createRowReader, readRowTime, type FileRow, type RowFields } from '../../src/domain/imports/row.ts';
import { readStatusFields, statusFieldNames, type RawStatusCall } from '../../src/domain/status-call.ts';
import { meaningOf, type StatusReport } from '../../src/domain/status-report.ts';
import { understand, type Understanding, type Vocabulary } from '../../src/domain/vocabulary.ts';

// Enough to know it by.
const SHOWN_LENGTH = 1000;

/** What a row reports, and what is wrong with it by itself. */
export type RowReport = { report: StatusReport; problem: string | null };

/** @returns reads the rows of an import, as the statuses that they report */
export function createReportReader(turn: ImportTurn): (row: FileRow, rowNumber: number) => RowReport {
  const readRow = createRowReader(turn);
  const { vocabulary, importId, advertiserId, notify } = turn;

  return (row, rowNumber) => {
    const fields = readRow(row);
    const isUnreadable = typeof fields === 'string';
    const raw = toRaw(isUnreadable ? { row: shorten(row) } : nameFields(fields, vocabulary));
    const said = readStatusFields(raw, vocabulary.parameters);
    const time = isUnreadable ? { at: null } : readRowTime(fields);
    const understood = understand(said, vocabulary);
    const problems = [
      ...(isUnreadable ? [fields] : said.problems.map(({ message }) => message)),
      ...('problem' in time ? [time.problem] : []),
    ];
    const report: StatusReport = {
      advertiserId,
      conversionId: said.conversionId,
      word: said.word,
      meaning: problems.length > 0 ? 'malformed' : meaningOf(understood),
      reason: said.reason,
      transactionId: said.transactionId,
      raw,
      source: 'import',
      importRow: { importId, rowNumber },
      eventAt: 'at' in time ? time.at : null,
      notify,
      callId: null,
      isAcceptedLate: false,
    };
    return { report, problem: problems.join(' ') || problemOf(understood) };
  };
}

function problemOf(understood: Understanding): string | null {
  return understood.kind === 'refused' ? understood.message : null;
}

/** As the advertiser names the fields, so that the row is read the same when it is judged again. */
function nameFields(fields: RowFields, { parameters }: Vocabulary): Record<string, unknown> {
  const named = Object.entries(fields).map(([field, value]) => {
    const own = statusFieldNames.find((name) => name === field);
    return [(own && parameters[own]) ?? field, value] as const;
  });
  return Object.fromEntries(named);
}

function toRaw(body: Record<string, unknown>): RawStatusCall {
  return { method: 'IMPORT', query: {}, body };
}

function shorten(row: FileRow): string {
  return JSON.stringify(row).slice(0, SHOWN_LENGTH);
}
