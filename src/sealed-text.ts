// Secrets that must be read again are kept encrypted, so that a copy of the database alone tells none of them.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** `keys`: the first seals, all open. `context`: what the text belongs to; it opens nowhere else. */
export type Seal = { keys: readonly string[]; context: string };

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1.';

/** @throws Error without a key */
export function sealText(text: string, { keys, context }: Seal): string {
  const [key] = keys;
  if (key === undefined) throw new Error('There is no key to seal with.');
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, deriveKey(key), iv).setAAD(Buffer.from(context));
  const sealed = [cipher.update(text, 'utf8'), cipher.final()];
  return VERSION + Buffer.concat([iv, cipher.getAuthTag(), ...sealed]).toString('base64url');
}

/** @returns undefined when none of the keys opens it, or it belongs to something else */
export function openSealed(sealed: string, { keys, context }: Seal): string | undefined {
  const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64url');
  if (!sealed.startsWith(VERSION) || bytes.length < IV_BYTES + TAG_BYTES) return undefined;
  for (const key of keys) {
    const decipher = createDecipheriv(ALGORITHM, deriveKey(key), bytes.subarray(0, IV_BYTES))
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    try {
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      // Another key may have sealed it.
    }
  }
  return undefined;
}

/** A key is text of any length. */
function deriveKey(key: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', 'cashcat sealed text', KEY_BYTES));
}
