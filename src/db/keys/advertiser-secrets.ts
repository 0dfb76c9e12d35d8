import type { Knex } from 'knex';
import { listSecrets, removeSecrets, rotateSecret, type SecretOwners, type SigningSecret } from './secret-rotation.ts';

const OF_ADVERTISERS: SecretOwners = {
  secrets: 'advertiser_signing_secrets',
  owners: 'advertisers',
  id: 'advertiser_id',
};

/** Gives an advertiser a new secret for signing its calls: see {@link rotateSecret}. */
export async function rotateAdvertiserSecret(
  db: Knex,
  advertiserId: string,
  asked: { keepOldForSeconds: number; prefix?: string },
): Promise<string | undefined> {
  return await rotateSecret(db, OF_ADVERTISERS, { ownerId: advertiserId, ...asked });
}

/** Ends all secrets of an advertiser. @returns false when it had none */
export async function removeAdvertiserSecrets(db: Knex, advertiserId: string): Promise<boolean> {
  return await removeSecrets(db, OF_ADVERTISERS, advertiserId);
}

/** The live secrets of an advertiser as they may be shown, the newest first. */
export async function listAdvertiserSecrets(db: Knex, advertiserId: string): Promise<SigningSecret[]> {
  return await listSecrets(db, OF_ADVERTISERS, advertiserId);
}
