import type { Status } from '../status.ts';

/** As what a row was understood; what is malformed says nothing. */
export type Reading = Status | 'ignored' | 'unknown_word';

/**
 * What a row of an export said: a mark of its word and its time, and as what it was read; null where nobody has noted that.
 */
export type SaidRow = { mark: string; readAs: Reading | null };

/** What the export of an advertiser said of one conversion: in the file that named it last, and in the one before that. */
export type Said = { importId: string; said: readonly SaidRow[]; saidBefore: readonly SaidRow[] };

/**
 * `news`: the export did not say it the last time it named the conversion. `repeat`: it did. `reread`: it did, but the
 * word, or that of a row above it in the same file, has come to mean something else since.
 */
export type RowKind = 'news' | 'repeat' | 'reread';

// Whoever names a conversion more often than this in one file means nothing by it.
const MOST_ROWS = 100;

/**
 * Notes a row of a file. An export mostly lists everything again and again; what a row says is news only when the export
 * did not say it the last time it named the conversion.
 *
 * @param known undefined when no file has named the conversion
 */
export function noteRow(
  known: Said | undefined,
  { importId, ...row }: { importId: string; mark: string; readAs: Reading },
): { kind: RowKind; said: Said } {
  const isSameFile = known?.importId === importId;
  const saidBefore = (isSameFile ? known.saidBefore : known?.said) ?? [];
  const before = isSameFile ? known.said : [];
  const isSaid = before.some(({ mark, readAs }) => mark === row.mark && readAs === row.readAs);
  const said = isSaid ? before : [...before, row].slice(-MOST_ROWS);
  return { kind: kindOf(row, said, saidBefore), said: { importId, said, saidBefore } };
}

function kindOf({ mark }: SaidRow, said: readonly SaidRow[], saidBefore: readonly SaidRow[]): RowKind {
  // Each mark once: what was read in two ways in one file, while its word was changed, counts as read in the later way.
  const readings = new Map(saidBefore.map((row) => [row.mark, row.readAs]));
  if (!readings.has(mark)) return 'news';
  const isReread = said.some((row) => {
    const before = readings.get(row.mark) ?? null;
    return before !== null && row.readAs !== null && before !== row.readAs;
  });
  return isReread ? 'reread' : 'repeat';
}
