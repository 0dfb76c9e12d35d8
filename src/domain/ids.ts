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

/** The letters of an id, whether or not it is a reserved word. */
export const PUBLIC_ID = /^[a-z0-9][a-z0-9_-]{2,39}$/;

/** True for an id that a caller may give to a partner, an advertiser or an offer. */
export function isPublicId(id: string): boolean {
  return PUBLIC_ID.test(id) && !isReservedWord(id);
}

export function isReservedWord(id: string): boolean {
  return reservedWords.some((word) => word === id);
}
