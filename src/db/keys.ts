import { createHash } from 'node:crypto';
import { customAlphabet } from 'nanoid';

/** A secret that is shown once; only its hash and the part that may be shown again are kept. */
export type NewKey = { key: string; hash: string; prefix: string };

// 26 characters beyond the prefix carry 154 bits, so a plain hash cannot be reversed by guessing.
const SECRET_LENGTH = 32;
const SHOWN_LENGTH = 6;
const makeSecret = customAlphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', SECRET_LENGTH);

/** `ck` begins a partner's API key, `at` an advertiser's token. */
export function makeKey(kind: 'ck' | 'at'): NewKey {
  const key = `${kind}_${makeSecret()}`;
  return { key, hash: hashKey(key), prefix: key.slice(0, kind.length + 1 + SHOWN_LENGTH) };
}

export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
