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

export function describeRatio(name: string, ratio: number, atLeast: number): string {
  return `${name}: ${ratio.toFixed(2)} × (at least ${atLeast} ×: ${ratio >= atLeast ? 'reached' : 'MISSED'})`;
}
