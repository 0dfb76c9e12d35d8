import { timingSafeEqual } from 'node:crypto';
import { createHmacSha256 } from './hmac.ts';

/** Signed texts that carry a lead. One kind is never accepted in place of the other. */
export type LeadTokens = {
  /** For the visitor's own cookie: carries the lead until its window ends. */
  cookie: LeadToken;
  /** For links of the wall, which anybody may copy and publish: carries the lead for a day, or its window if shorter. */
  link: LeadToken;
};

export type LeadToken = {
  issue(leadId: string): string;
  /** The lead of a token; undefined when it is forged, malformed, of the other kind, or too old. */
  read(token: string | undefined): string | undefined;
};

const LEAD_ID = /^[a-z0-9]{10,40}$/;
const TIME = /^[a-z0-9]{1,10}$/;
const SIGNATURE_BYTES = 16;
// Enough for the kind, the longest lead, a dot and the time
const MAX_PAYLOAD_BYTES = 64;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Tokens have the form `lead.time.signature`: the time is when it was issued, in base 36 seconds, the signature is
 * HMAC-SHA-256 of kind, lead and time, cut to 128 bits.
 *
 * @param secrets the first signs, all verify, so that a secret can be replaced without losing open leads
 */
export function createLeadTokens(secrets: string[], windowMs: number, now: () => number = Date.now): LeadTokens {
  const signers = secrets.map(createSigner);
  const signer = firstOf(signers);

  return { cookie: createKind('cookie', windowMs), link: createKind('link', Math.min(DAY_MS, windowMs)) };

  function createKind(kind: keyof LeadTokens, lifetimeMs: number): LeadToken {
    return {
      issue(leadId) {
        const payload = `${leadId}.${Math.floor(now() / 1000).toString(36)}`;
        return `${payload}.${signer(`${kind}:${payload}`).toString('base64url')}`;
      },
      read(token) {
        const [leadId, time, signature, ...rest] = token?.split('.', 4) ?? [];
        if (!leadId || !time || !signature || rest.length > 0) return undefined;
        if (!LEAD_ID.test(leadId) || !TIME.test(time)) return undefined;
        const given = Buffer.from(signature, 'base64url');
        if (given.length !== SIGNATURE_BYTES) return undefined;
        const isSigned = signers.some((sign) => timingSafeEqual(sign(`${kind}:${leadId}.${time}`), given));
        const issuedAt = Number.parseInt(time, 36) * 1000;
        return isSigned && now() < issuedAt + lifetimeMs ? leadId : undefined;
      },
    };
  }
}

function firstOf<T>([first]: T[]): T {
  if (first === undefined) throw new Error('LEAD_SECRET is empty: give at least one secret.');
  return first;
}

function createSigner(secret: string): (text: string) => Buffer {
  const hmac = createHmacSha256(secret, MAX_PAYLOAD_BYTES);
  return (text) => hmac(text).subarray(0, SIGNATURE_BYTES);
}
