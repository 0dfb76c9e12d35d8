import type { AppliedCalls } from '../../../intake/kept-calls.ts';

/** What became of kept calls, in a sentence. */
export function tellApplied({ applied, notApplied, results, waiting }: AppliedCalls): string {
  if (applied + notApplied + waiting === 0) return 'No call was kept for it.';
  const why = Object.entries(results)
    .filter(([result]) => result !== 'recorded')
    .map(([result, count]) => `${count} ${result.replaceAll('_', ' ')}`);
  const others = notApplied === 0 ? '' : ` ${notApplied} changed nothing (${why.join(', ')}).`;
  const rest = waiting === 0 ? '' : ` ${waiting} still wait: apply them by asking again.`;
  return `${applied} of ${applied + notApplied} kept ${applied + notApplied === 1 ? 'call was' : 'calls were'} recorded.${others}${rest}`;
}
