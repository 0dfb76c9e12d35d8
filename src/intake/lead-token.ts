import { timingSafeEqual } from 'node:crypto';
import { createHmacSha256 } from './hmac.ts';

export type LeadTokens = {
  /** A signed token that carries the lead until its window ends. */
  issue(leadId: string): string;
  /** The lead of a token; undefined when it is forged, malformed, or its window is over. */
  read(token: string | undefined): string | undefined;
};

const LEAD_ID = /^[a-z0-9]{10,40}$/;
const TIME = /^[a-z0-9]{1,10}$/;
// 132 bits of base64url
const SIGNATURE = /^[\w-]{22}$/;
const SIGNATURE_LENGTH = 22;
// Enough for the longest lead, a dot and the time
const MAX_PAYLOAD_BYTES = 64;

/**
 * Tokens have the form `lead.time.signature`: the time is the last touch or conversion in base 36 seconds, the
 * signature is HMAC-SHA-256 cut to 132 bits.
 *
 * @param secrets the first signs, all verify, so that a secret can be replaced without losing open leads
 */
export function createLeadTokens(secrets: string[], windowMs: number, now: () => number = Date.now): LeadTokens {
  const signers = secrets.map((secret) => createHmacSha256(secret, MAX_PAYLOAD_BYTES));
  const [signer] = signers;
  if (signer === undefined) throw new Error('LEAD_SECRET is empty: give at least one secret.');

  return {
    issue(leadId) {
      const payload = `${leadId}.${Math.floor(now() / 1000).toString(36)}`;
      return `${payload}.${signer(payload).slice(0, SIGNATURE_LENGTH)}`;
    },
    read(token) {
      const [leadId, time, signature, ...rest] = token?.split('.', 4) ?? [];
      if (!leadId || !time || !signature || rest.length > 0) return undefined;
      if (!LEAD_ID.test(leadId) || !TIME.test(time) || !SIGNATURE.test(signature)) return undefined;
      const given = Buffer.from(signature);
      const isSigned = signers.some((sign) =>
        timingSafeEqual(Buffer.from(sign(`${leadId}.${time}`).slice(0, SIGNATURE_LENGTH)), given),
      );
      const issuedAt = Number.parseInt(time, 36) * 1000;
      return isSigned && now() < issuedAt + windowMs ? leadId : undefined;
    },
  };
}
