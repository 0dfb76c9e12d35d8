/** What no partner may be called: path segments that we own or keep for ourselves, and `house`. Shared by router and validator. */
export const reservedWords = [
  'advertisers',
  'api',
  'assets',
  'console',
  'docs',
  'favicon.ico',
  'go',
  'healthz',
  'house',
  'livez',
  'metrics',
  'openapi.json',
  'ops',
  'readyz',
  'robots.txt',
  'v1',
] as const;

const PUBLIC_ID = /^[a-z0-9][a-z0-9_-]{2,39}$/;

export const PARTNER_ID_LENGTH = 11;
export const POSTBACK_ID_LENGTH = 16;
/** The part of a lead or conversion id that nobody can guess. */
export const RANDOM_PART_LENGTH = 15;

/** True for an id that a caller may give to a partner, an advertiser or an offer. */
export function isPublicId(id: string): boolean {
  return PUBLIC_ID.test(id) && !reservedWords.some((word) => word === id);
}

/**
 * Lead and conversion ids begin with their time, 9 characters of base 36 milliseconds, so that an index grows at its
 * end instead of everywhere; the random rest, 15 characters (77 bits), makes them unguessable.
 */
export function timeOrderedId(nowMs: number, random: string): string {
  return nowMs.toString(36).padStart(9, '0') + random;
}
