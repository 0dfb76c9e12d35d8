export const importStates = ['running', 'paused', 'done', 'cancelled'] as const;

/** The last two are ends; only `apply` begins a dry run that is done once more. */
export type ImportState = (typeof importStates)[number];

export const importSources = ['ops', 'advertiser', 'pull'] as const;

/** Who brought a file: ops, its advertiser by its token, or a pull that fetched it. */
export type ImportSource = (typeof importSources)[number];

/** What became of the rows that were dealt with; those of a dry run would become it. */
export type RowCounts = { recorded: number; duplicate: number; stale: number; ignored: number; refused: number };

/** How far an import is, of so many rows. */
export type ImportCounts = RowCounts & { dry_run: boolean; state: ImportState; rows: number; done_rows: number };

export const NO_ROWS: RowCounts = { recorded: 0, duplicate: 0, stale: 0, ignored: 0, refused: 0 };

/** An import that has ended goes on no more. */
export function hasImportEnded(state: ImportState): state is 'done' | 'cancelled' {
  return state === 'done' || state === 'cancelled';
}

/** What became of a row: the result code of its status call, with a message when it was refused. */
export type RowVerdict = { result: string; message: string | null };

const COUNTED = ['recorded', 'duplicate', 'stale', 'ignored'] as const;

/** How many rows became what; whatever is none of the others was refused. */
export function countVerdicts(verdicts: readonly RowVerdict[]): RowCounts {
  const counts = { ...NO_ROWS };
  for (const { result } of verdicts) counts[COUNTED.find((counted) => counted === result) ?? 'refused']++;
  return counts;
}
