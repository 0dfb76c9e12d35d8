import type { Status } from '../../../src/domain/status.ts';
import { entriesOf, type FileEntry, type Journal } from '../journal.ts';
import { groupBy, type EventRow, type Facts } from './facts.ts';
import { compare, type Finding } from './findings.ts';

type BookedRow = { importId: string; row: number; conversionId: string; status: Status; result: string };

/** Every file that was answered is imported to its end, each of its rows booked once, in their order. */
export function recountFiles(journal: Journal, { imports, fileCalls, eventsByLead }: Facts): Finding[] {
  const files = entriesOf(journal, 'file');
  const answered = new Set(files.map(({ importId }) => importId));
  const booked = fileCalls.filter(({ import_id }) => answered.has(import_id)).map(pickRow);
  return [
    {
      what: 'answered files imported to their last row',
      counted: files.length,
      wrong: files.flatMap((file) => findWrongEnd(file, imports.get(file.importId))),
    },
    compare(
      'rows of files, each booked once',
      files.flatMap(judgeRows),
      booked,
      ({ importId, row }) => `${importId} ${row}`,
    ),
    recountEvents(files, [...eventsByLead.values()].flat()),
  ];
}

function pickRow({ import_id, row_number, conversion_id, status, result }: Facts['fileCalls'][number]): BookedRow {
  return { importId: import_id, row: row_number, conversionId: conversion_id, status, result };
}

function findWrongEnd({ importId, rows, known }: FileEntry, is: ReturnType<Facts['imports']['get']>): string[] {
  if (!is) return [`${importId} is lost`];
  const { state, done_rows, recorded, duplicate, stale, ignored, refused } = is;
  const isWhole = state === 'done' && is.rows === rows && done_rows === rows && refused === rows - known.length;
  return isWhole && recorded + duplicate + stale === known.length && ignored === 0
    ? []
    : [`${known.length} of ${rows} rows are known: ${JSON.stringify(is)}`];
}

/** Nobody else reports these conversions, so what becomes of each row follows from those before it (R7). */
function judgeRows({ importId, known }: FileEntry): BookedRow[] {
  const latest = new Map<string, Status>();
  return known.map(({ row, conversionId, status }) => {
    const before = latest.get(conversionId);
    const isStale = status === 'pending' && before !== undefined && before !== 'pending';
    const result = isStale ? 'stale' : status === before ? 'duplicate' : 'recorded';
    if (result === 'recorded') latest.set(conversionId, status);
    return { importId, row, conversionId, status, result };
  });
}

function recountEvents(files: FileEntry[], events: EventRow[]): Finding {
  const statuses = groupBy(
    events.filter(({ type }) => type === 'status'),
    ({ conversion_id }) => conversion_id ?? '',
  );
  const recorded = groupBy(
    files.flatMap(judgeRows).filter(({ result }) => result === 'recorded'),
    ({ conversionId }) => conversionId,
  );
  const wrong = [...recorded].flatMap(([conversionId, rows]) => {
    const should = rows.map(({ status }) => status).join();
    const is = (statuses.get(conversionId) ?? []).map(({ status }) => status).join();
    return is === should ? [] : [`${conversionId}: should have ${should}, has ${is}`];
  });
  return { what: 'conversions reported by file, with just these statuses', counted: recorded.size, wrong };
}
