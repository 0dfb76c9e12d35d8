const MARK = '[token]';

/**
 * A copy that can be kept: without anything called token, and without this token wherever else it was written. Knowing
 * what is stored must not be enough to report in an advertiser's name.
 */
export function withoutToken<T>(given: T, token: string): T {
  if (typeof given === 'string') return (token === '' ? given : given.replaceAll(token, MARK)) as T;
  if (typeof given !== 'object' || given === null) return given;
  if (Array.isArray(given)) return given.map((item: unknown) => withoutToken(item, token)) as T;
  const kept = Object.entries(given).filter(([name]) => name.toLowerCase() !== 'token');
  return Object.fromEntries(kept.map(([name, value]) => [withoutToken(name, token), withoutToken(value, token)])) as T;
}
