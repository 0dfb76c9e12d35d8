/** What a refused row named. */
export type RefusedRow = { conversionId: string | null; word: string | null; eventAt: string | null };

/**
 * Why a row was refused and what to do, for whoever reads the list of errors.
 * @param problem what is wrong with the row by itself, where it could not be understood
 */
export function explainRefusal(result: string, row: RefusedRow, problem: string | null): string {
  if (problem !== null) return problem;
  switch (result) {
    case 'unknown_conversion':
      return `Conversion "${row.conversionId}" is not known: check that the column holds the id that came with the click.`;
    case 'unknown_word':
      return `Status "${row.word}" is not known: say what it means, and the row is judged again.`;
    case 'window_closed':
      return `The window of conversion "${row.conversionId}" is over; the row is kept and can be accepted late.`;
    case 'malformed':
      return `event_time: ${row.eventAt} lies in the future, or before the click of conversion "${row.conversionId}".`;
    default:
      return `The row was not accepted: ${result}.`;
  }
}

/** What is odd about a pulled file of which so many rows about unknown conversions left no call; null when none did. */
export function explainUnlogged(unlogged: number): string | null {
  if (unlogged === 0) return null;
  const rows = `${unlogged.toLocaleString('en')} ${unlogged === 1 ? 'row is' : 'rows are'}`;
  return `More of its rows than usual name conversions that we did not give its advertiser: ${rows} not in the inbound log, only the first are. Look at the refused rows whether the right column holds our id, and ask the advertiser what else its export lists.`;
}
