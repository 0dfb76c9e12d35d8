import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Follows the bytes of a body that is signed as a whole, as Standard Webhooks has it: a file is never held in memory. */
export type FollowedSignature = {
  update(bytes: Uint8Array): void;
  /** To be asked once, when all bytes have come. */
  isRight(): boolean;
};

const TOLERANCE_SECONDS = 5 * 60;
const PREFIX = 'whsec_';
const MS_PER_SECOND = 1000;

/**
 * The one place that knows the standard: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @param secrets the sender's live ones, as `whsec_…`
 * @returns undefined when the headers carry no signature of these minutes
 */
export function followSignature(
  secrets: readonly string[],
  headers: IncomingHttpHeaders,
): FollowedSignature | undefined {
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) => headers[`webhook-${name}`]);
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return undefined;
  const ageSeconds = Date.now() / MS_PER_SECOND - Number(timestamp);
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(ageSeconds) > TOLERANCE_SECONDS) return undefined;
  const given = signatures
    .split(' ')
    .flatMap((each) => (each.startsWith('v1,') ? [Buffer.from(each.slice(3), 'base64')] : []));
  const macs = secrets.map((secret) =>
    createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64')).update(`${id}.${timestamp}.`),
  );
  return {
    update: (bytes) => macs.forEach((mac) => mac.update(bytes)),
    isRight: () => macs.map((mac) => mac.digest()).some((mac) => given.some((each) => isSame(mac, each))),
  };
}

function isSame(mac: Buffer, given: Buffer): boolean {
  return mac.length === given.length && timingSafeEqual(mac, given);
}
