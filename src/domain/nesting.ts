/** The most levels of objects and lists in what strangers send as JSON: what is deeper can be parsed, but not stored. */
export const MAX_NESTING = 20;

/** True for what holds more than so many levels of objects and lists, itself the first. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}
