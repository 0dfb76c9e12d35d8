import { entriesOf, type FileEntry, type Journal } from '../journal.ts';
import type { Facts } from './facts.ts';
import { compare, type Finding } from './findings.ts';
import { bookedRows, findWrongEvents, judgeRows, keyOfRow, type BookedRow } from './rows.ts';

/** Every file that was answered is imported to its end, each of its rows booked once, in their order. */
export function recountFiles(journal: Journal, facts: Facts): Finding[] {
  const files = entriesOf(journal, 'file');
  const booked = bookedRows(facts, new Set(files.map(({ importId }) => importId)));
  // A conversion stands in one file alone.
  const judged = files.flatMap(({ importId, known }) => {
    const rows = known.map((row) => ({ ...row, importId }));
    return judgeRows(rows, { latest: new Map(), booked });
  });
  return [
    {
      what: 'answered files imported to their last row',
      counted: files.length,
      wrong: files.flatMap((file) => findWrongEnd(file, facts, booked)),
    },
    compare('rows of files, each booked once', judged, booked, keyOfRow),
    { what: 'conversions reported by file, with just these statuses', ...findWrongEvents(judged, facts) },
  ];
}

function findWrongEnd({ importId, rows, known }: FileEntry, { imports }: Facts, booked: BookedRow[]): string[] {
  const is = imports.get(importId);
  if (!is) return [`${importId} is lost`];
  const { state, done_rows, recorded, duplicate, stale, ignored, refused } = is;
  const tooLate = booked.filter((row) => row.importId === importId && row.result === 'window_closed').length;
  const taken = known.length - tooLate;
  const isWhole = state === 'done' && is.rows === rows && done_rows === rows && refused === rows - taken;
  return isWhole && recorded + duplicate + stale === taken && ignored === 0
    ? []
    : [`${known.length} of ${rows} rows are known, ${tooLate} came too late: ${JSON.stringify(is)}`];
}
