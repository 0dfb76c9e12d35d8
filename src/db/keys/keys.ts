import { hash } from 'node:crypto';
import { newSecret } from '../../new-ids.ts';

/** A secret that is shown once; only its hash and the part that may be shown again are kept. */
export type NewKey = { key: string; hash: string; prefix: string };

const SHOWN_LENGTH = 6;

/** `ck` begins a partner's API key, `at` an advertiser's token, `ak` an admin's key. */
export function makeKey(kind: 'ck' | 'at' | 'ak'): NewKey {
  const key = `${kind}_${newSecret()}`;
  return { key, hash: hashKey(key), prefix: key.slice(0, kind.length + 1 + SHOWN_LENGTH) };
}

/** SHA-256 in hex: what is kept of a key, and looked up. */
export function hashKey(key: string): string {
  return hash('sha256', key, 'hex');
}
