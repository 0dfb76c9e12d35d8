/**
 * What the export of an advertiser said of one conversion, as marks of its rows: in the file that named it last, and in
 * the one that named it before that.
 */
export type Said = { importId: string; said: readonly string[]; saidBefore: readonly string[] };

// Whoever names a conversion more often than this in one file means nothing by it.
const MOST_MARKS = 100;

/**
 * Notes a row of a file. An export mostly lists everything again and again; what a row says is news only when the export
 * did not say it the last time it named the conversion.
 *
 * @param known undefined when no file has named the conversion
 * @param mark of what the row says: its word and its time
 */
export function noteRow(
  known: Said | undefined,
  { importId, mark }: { importId: string; mark: string },
): { isRepeat: boolean; said: Said } {
  const isSameFile = known?.importId === importId;
  const saidBefore = (isSameFile ? known.saidBefore : known?.said) ?? [];
  const said = isSameFile ? known.said : [];
  const marks = said.includes(mark) ? said : [...said, mark].slice(-MOST_MARKS);
  return { isRepeat: saidBefore.includes(mark), said: { importId, said: marks, saidBefore } };
}
