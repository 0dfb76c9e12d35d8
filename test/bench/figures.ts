import { availableParallelism, cpus, totalmem } from 'node:os';

export function describeMachine(): string {
  const [cpu] = cpus();
  return `${availableParallelism()} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
}

export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** Nearest rank. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? NaN;
}

/** What a benchmark must show: the line that says so, and whether it does. */
export type Verdict = { line: string; holds: boolean };

/** The median of several ratios, each taken with both sides side by side. */
export function judgeRatio(name: string, ratios: number[], atLeast: number): Verdict {
  const ratio = median(ratios);
  const all = ratios.map((each) => each.toFixed(2)).join(', ');
  const holds = ratio >= atLeast;
  return { line: `${name}: ${ratio.toFixed(2)} × (${all}; at least ${atLeast} ×: ${wordFor(holds)})`, holds };
}

/** The largest of several values, in `unit`. */
export function judgeLargest(
  name: string,
  values: number[],
  { atMost, unit }: { atMost: number; unit: string },
): Verdict {
  const all = values.map((value) => Math.round(value)).join(', ');
  const holds = Math.max(...values) <= atMost;
  return { line: `${name}: ${all} ${unit} (at most ${atMost}: ${wordFor(holds)})`, holds };
}

/** Prints all and ends the process, with code 1 when one of them does not hold. */
export function endWith(verdicts: Verdict[]): never {
  for (const { line } of verdicts) console.log(line);
  process.exit(verdicts.every(({ holds }) => holds) ? 0 : 1);
}

function wordFor(holds: boolean): string {
  return holds ? 'reached' : 'MISSED';
}
