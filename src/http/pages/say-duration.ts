const UNITS = [
  { name: 'day', ms: 86_400_000 },
  { name: 'hour', ms: 3_600_000 },
  { name: 'minute', ms: 60_000 },
  { name: 'second', ms: 1000 },
] as const;

/** A duration as people say it, in the largest unit that needs no fraction: `14 days`, `90 seconds`, `0.5 seconds`. */
export function sayDuration(durationMs: number): string {
  const unit = UNITS.find(({ ms }) => durationMs >= ms && durationMs % ms === 0) ?? UNITS[3];
  const count = durationMs / unit.ms;
  return `${count} ${unit.name}${count === 1 ? '' : 's'}`;
}
