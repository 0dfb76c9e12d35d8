// Every id and secret that we make up.
import { randomBytes } from 'node:crypto';
import { customAlphabet } from 'nanoid';

const DIGITS = '0123456789';
const LOWER_CASE = 'abcdefghijklmnopqrstuvwxyz';
const UPPER_CASE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ID_ALPHABET = DIGITS + LOWER_CASE;

const UNGUESSABLE_LENGTH = 15;
const POSTBACK_ID_LENGTH = 16;
const PARTNER_ID_LENGTH = 11;
const SUFFIX_LENGTH = 6;
const TIME_LENGTH = 9;
const READABLE_LENGTH = 30;
// 26 characters beyond the six that are shown again carry 154 bits, so a plain hash cannot be reversed by guessing.
const SECRET_LENGTH = 32;
const SIGNING_SECRET_BYTES = 32;

const makeUnguessable = customAlphabet(ID_ALPHABET, UNGUESSABLE_LENGTH);
const makeSuffix = customAlphabet(ID_ALPHABET, SUFFIX_LENGTH);

export const newPostbackId = customAlphabet(ID_ALPHABET, POSTBACK_ID_LENGTH);
export const newPartnerId = customAlphabet(ID_ALPHABET, PARTNER_ID_LENGTH);

/** What follows the prefix of an API key or a token. */
export const newSecret = customAlphabet(DIGITS + UPPER_CASE + LOWER_CASE, SECRET_LENGTH);

/** As Standard Webhooks writes a secret; it recommends 24 to 64 bytes. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(SIGNING_SECRET_BYTES).toString('base64')}`;
}

export function newLeadId(): string {
  return newTimeOrderedId();
}

export function newConversionId(): string {
  return newTimeOrderedId();
}

export function newReplayId(): string {
  return newTimeOrderedId();
}

export function newImportId(): string {
  return newTimeOrderedId();
}

export function newPullId(): string {
  return newTimeOrderedId();
}

export function newPayoutId(): string {
  return newTimeOrderedId();
}

/** `Green Energy Ltd.` becomes something like `green-energy-ltd-x7f2k9`: people read these ids in reports. */
export function newReadableId(name: string, fallback: string): string {
  const ascii = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, READABLE_LENGTH)
    .replace(/^-+|-+$/g, '');
  return `${ascii || fallback}-${makeSuffix()}`;
}

/**
 * Begins with its time, 9 characters of base 36 milliseconds, so that an index grows at its end instead of everywhere;
 * the random rest, 15 characters (77 bits), makes it unguessable.
 */
function newTimeOrderedId(): string {
  return beginOfId(Date.now()) + makeUnguessable();
}

/** How the ids of leads and conversions begin that are made at a time, in milliseconds; those made earlier are smaller. */
export function beginOfId(timeMs: number): string {
  return Math.max(0, timeMs).toString(36).padStart(TIME_LENGTH, '0');
}
