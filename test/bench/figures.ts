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

/** The median of several ratios, each taken with both sides side by side. */
export function describeRatio(name: string, ratios: number[], atLeast: number): string {
  const ratio = median(ratios);
  const all = ratios.map((each) => each.toFixed(2)).join(', ');
  return `${name}: ${ratio.toFixed(2)} × (${all}; at least ${atLeast} ×: ${ratio >= atLeast ? 'reached' : 'MISSED'})`;
}
