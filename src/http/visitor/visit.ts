import type { IncomingHttpHeaders } from 'node:http';
import { parseCookie } from 'cookie';
import type { Click } from '../../db/clicks.ts';
import { judgeRefId } from '../../domain/ref-id.ts';

const LEAD_COOKIE = 'lead';
const SAMPLE_LENGTH = 64;

/** R5: an unusable ref_id is noted with its beginning, so that its partner can find where it comes from. */
export function readTouch(partnerId: string, givenRefId: string | undefined): NonNullable<Click['touch']> {
  const { refId, problem } = judgeRefId(givenRefId);
  const refIdSample = problem === null || givenRefId === undefined ? null : takeSample(givenRefId);
  return { partnerId, refId, refIdProblem: problem, refIdSample };
}

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

function takeSample(refId: string): string {
  const beginning = [...refId.slice(0, 2 * SAMPLE_LENGTH)].slice(0, SAMPLE_LENGTH).join('');
  return beginning.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
