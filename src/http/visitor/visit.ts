import type { IncomingHttpHeaders } from 'node:http';
import { parseCookie } from 'cookie';

const LEAD_COOKIE = 'lead';

/** The browser loads the page in advance; perhaps nobody will ever see it. The last three are what older browsers send. */
export function isPrefetch(headers: IncomingHttpHeaders): boolean {
  const purpose = headers['sec-purpose'] ?? headers['purpose'] ?? headers['x-purpose'] ?? headers['x-moz'];
  return purpose !== undefined && /prefetch|prerender|preview/i.test(String(purpose));
}

/** All of them: another path or a foreign hand may have put one of the same name before ours. */
export function readLeadCookies(headers: IncomingHttpHeaders): string[] {
  if (headers.cookie === undefined) return [];
  return headers.cookie.split(';').flatMap((pair) => parseCookie(pair)[LEAD_COOKIE] ?? []);
}

/** Writes the cookie that carries a lead's token; tokens need no encoding. */
export function createLeadCookie(options: { windowMs: number; isSecure: boolean }): (token: string) => string {
  const maxAge = Math.floor(options.windowMs / 1000);
  const attributes = `; Max-Age=${maxAge}; Path=/; HttpOnly; SameSite=Lax${options.isSecure ? '; Secure' : ''}`;
  return (token) => `${LEAD_COOKIE}=${token}${attributes}`;
}
