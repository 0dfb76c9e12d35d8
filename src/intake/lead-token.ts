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
const SIGNATURE_BYTES = 16;
// Enough for the longest lead, a dot and the time
const MAX_PAYLOAD_BYTES = 64;

/**
 * Tokens have the form `lead.time.signature`: the time is the last touch or conversion in base 36 seconds, the
 * signature is HMAC-SHA-256 cut to 128 bits.
 *
 * @param secrets the first signs, all verify, so that a secret can be replaced without losing open leads
 */
export function createLeadTokens(secrets: string[], windowMs: number, now: () => number = Date.now): LeadTokens {
  const signers = secrets.map(createSigner);
  const [signer] = signers;
  if (signer === undefined) throw new Error('LEAD_SECRET is empty: give at least one secret.');

  return {
    issue(leadId) {
      const payload = `${leadId}.${Math.floor(now() / 1000).toString(36)}`;
      return `${payload}.${signer(payload).toString('base64url')}`;
    },
    read(token) {
      const [leadId, time, signature, ...rest] = token?.split('.', 4) ?? [];
      if (!leadId || !time || !signature || rest.length > 0) return undefined;
      if (!LEAD_ID.test(leadId) || !TIME.test(time)) return undefined;
      const given = Buffer.from(signature, 'base64url');
      if (given.length !== SIGNATURE_BYTES) return undefined;
      const isSigned = signers.some((sign) => timingSafeEqual(sign(`${leadId}.${time}`), given));
      const issuedAt = Number.parseInt(time, 36) * 1000;
      return isSigned && now() < issuedAt + windowMs ? leadId : undefined;
    },
  };
}

function createSigner(secret: string): (payload: string) => Buffer {
  const hmac = createHmacSha256(secret, MAX_PAYLOAD_BYTES);
  return (payload) => hmac(payload).subarray(0, SIGNATURE_BYTES);
}
