import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { CatalogueAdvertiser } from '../catalogue/catalogue-advertiser.ts';
import type { LiveSecret } from '../db/catalogue.ts';
import { hashKey } from '../db/keys/keys.ts';
import { followSignature } from './webhook-signature.ts';

/** What a call brings along, besides a token, to show where it comes from. */
export type CallOrigin = {
  ip: string | undefined;
  headers: IncomingHttpHeaders;
  /** What its signature covers; null for what cannot be signed. */
  signed: string | Buffer | null;
};

/**
 * Which agreed proof, other than the token, a call lacks; undefined when it has them all. A signature is one of Standard
 * Webhooks, at most five minutes old or ahead, by any live secret. One that is sent again within that time passes again; it
 * is told by {@link identifySigned} that it says nothing new.
 */
export function findLackingProof(
  { proofs, signingSecrets, allowsAddress }: CatalogueAdvertiser,
  { ip, headers, signed }: CallOrigin,
): 'address' | 'signature' | undefined {
  if (!allowsAddress(ip)) return 'address';
  if (!proofs.signature) return undefined;
  const signature = signed === null ? undefined : followSignature(liveSecretsOf({ signingSecrets }), headers);
  signature?.update(Buffer.from(signed ?? ''));
  return signature?.isRight() === true ? undefined : 'signature';
}

/** What tells a signed call from every other one. @returns undefined where no signature is asked for */
export function identifySigned(
  { advertiserId, proofs }: CatalogueAdvertiser,
  { headers, signed }: Omit<CallOrigin, 'ip'>,
): SignedAs | undefined {
  if (!proofs.signature || signed === null) return undefined;
  return nameSigned({ advertiserId, headers, sha256: hash('sha256', signed, 'hex') });
}

/** What a signed request is known by. */
export type SignedAs = {
  /**
   * Its webhook-id, and what it says: the same however often it is signed anew under that id, and at whichever door it comes
   * in. A sender that gives one id to all its calls is understood as well.
   */
  call: string;
  /** Of this one time that it was signed. */
  request: string;
};

/** @param sha256 of all that was signed */
export function nameSigned({
  advertiserId,
  headers,
  sha256,
}: {
  advertiserId: string;
  headers: IncomingHttpHeaders;
  sha256: string;
}): SignedAs {
  const name = (...of: unknown[]) => hash('sha256', JSON.stringify([advertiserId, ...of, sha256]), 'base64url');
  const { 'webhook-id': id, 'webhook-timestamp': timestamp } = headers;
  return { call: name(id), request: name(id, timestamp) };
}

/** Whether it is one of the advertiser's live tokens, as far as memory knows. */
export function hasLiveToken({ tokens }: CatalogueAdvertiser, token: string): boolean {
  const hash = Buffer.from(hashKey(token));
  return tokens.some((live) => isLive(live) && timingSafeEqual(Buffer.from(live.value), hash));
}

/** The secrets by which the advertiser may sign now. */
export function liveSecretsOf({ signingSecrets }: Pick<CatalogueAdvertiser, 'signingSecrets'>): string[] {
  return signingSecrets.filter(isLive).map(({ value }) => value);
}

function isLive({ endsAt }: LiveSecret): boolean {
  return endsAt === null || Date.parse(endsAt) > Date.now();
}
