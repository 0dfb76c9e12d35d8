import type { Knex } from 'knex';
import {
  IS_LIVE,
  listSecrets,
  removeSecrets,
  replaceLost,
  rotateSecret,
  type SecretOwners,
  type SigningSecret,
} from './secret-rotation.ts';

const OF_PARTNERS: SecretOwners = { secrets: 'partner_signing_secrets', owners: 'partners', id: 'partner_id' };

/** Of partners `p` (any table with a partner_id of that name): their live secrets, the newest first, as an array; SQL. */
export const LIVE_SECRETS = `array(
  select s.secret from partner_signing_secrets s where s.partner_id = p.partner_id and ${IS_LIVE} order by s.secret_id desc
)`;

/** Gives a partner a new secret, by which its postbacks are signed: see {@link rotateSecret}. */
export async function rotateSigningSecret(
  db: Knex,
  partnerId: string,
  options: { keepOldForSeconds?: number; prefix?: string } = {},
): Promise<string | undefined> {
  return await rotateSecret(db, OF_PARTNERS, { ownerId: partnerId, ...options });
}

/**
 * Gives a partner another secret for one that it has never seen: that one ends, and the one before it goes on as it was to.
 * @returns as `rotateSigningSecret` does
 */
export async function replaceLostSecret(db: Knex, partnerId: string, prefix: string): Promise<string | undefined> {
  return await replaceLost(db, OF_PARTNERS, { ownerId: partnerId, prefix });
}

/** Ends all secrets of a partner: its postbacks go unsigned from now on. @returns false when it had none */
export async function removeSigningSecrets(db: Knex, partnerId: string): Promise<boolean> {
  return await removeSecrets(db, OF_PARTNERS, partnerId);
}

/** The live secrets of a partner, the newest first: at most two. For signing only, never for an answer or a log. */
export async function readSigningSecrets(db: Knex, partnerId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { secrets: string[] }[] }>(
    `select ${LIVE_SECRETS} as secrets from partners p where p.partner_id = :partnerId`,
    { partnerId },
  );
  return rows[0]?.secrets ?? [];
}

/** The live secrets of a partner as they may be shown, the newest first. */
export async function listSigningSecrets(db: Knex, partnerId: string): Promise<SigningSecret[]> {
  return await listSecrets(db, OF_PARTNERS, partnerId);
}
