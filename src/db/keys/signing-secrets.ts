import type { Knex } from 'knex';
import { newSigningSecret } from '../../new-ids.ts';

/** What may be shown of a live secret: its beginning, and until when it signs; null: until it is replaced or removed. */
export type SigningSecret = { prefix: string; created_at: string; expires_at: string | null };

const SHOWN_LENGTH = 'whsec_'.length + 4;
const IS_LIVE = '(expires_at is null or expires_at > now())';

/** Of partners `p` (any table with a partner_id of that name): their live secrets, the newest first, as an array; SQL. */
export const LIVE_SECRETS = `array(
  select s.secret from partner_signing_secrets s where s.partner_id = p.partner_id and ${IS_LIVE} order by s.secret_id desc
)`;

// Of the secrets there are only the latest live one may go on; with nothing to go on for, it ends as well.
const MAKE_ROOM = `
  with latest as (
    select secret_id from partner_signing_secrets
    where partner_id = :partnerId and ${IS_LIVE} and :keepOldForSeconds > 0
    order by secret_id desc limit 1
  ), kept as (
    update partner_signing_secrets set expires_at = now() + :keepOldForSeconds * interval '1 second'
    where secret_id in (select secret_id from latest)
  )
  delete from partner_signing_secrets
  where partner_id = :partnerId and secret_id not in (select secret_id from latest)`;

/**
 * Gives a partner a new signing secret. The one before it goes on signing beside it for `keepOldForSeconds`; any older one
 * ends at once, so at most two live at a time.
 *
 * @returns the new secret, `whsec_…`, to be shown this once; undefined when there is no such partner, or when its newest
 * secret does not begin with `prefix` ('' for none): then it has been replaced meanwhile
 */
export async function rotateSigningSecret(
  db: Knex,
  partnerId: string,
  { keepOldForSeconds = 0, prefix }: { keepOldForSeconds?: number; prefix?: string } = {},
): Promise<string | undefined> {
  return await db.transaction(async (trx) => {
    if (!(await noteChange(trx, partnerId))) return undefined;
    if (prefix !== undefined && prefix !== ((await listSigningSecrets(trx, partnerId))[0]?.prefix ?? ''))
      return undefined;
    await trx.raw(MAKE_ROOM, { partnerId, keepOldForSeconds });
    const secret = newSigningSecret();
    await trx('partner_signing_secrets').insert({ partner_id: partnerId, secret });
    return secret;
  });
}

/**
 * Gives a partner another secret for one that it has never seen: that one ends, and the one before it goes on as it was to.
 * @returns as `rotateSigningSecret` does
 */
export async function replaceLostSecret(db: Knex, partnerId: string, prefix: string): Promise<string | undefined> {
  return await db.transaction(async (trx) => {
    await noteChange(trx, partnerId);
    const secret = newSigningSecret();
    const changed = await trx('partner_signing_secrets')
      .where({ partner_id: partnerId, expires_at: null })
      .whereRaw('left(secret, ?) = ?', [SHOWN_LENGTH, prefix])
      .update({ secret, created_at: trx.fn.now() });
    return changed > 0 ? secret : undefined;
  });
}

/** Ends all secrets of a partner: its postbacks go unsigned from now on. @returns false when it had none */
export async function removeSigningSecrets(db: Knex, partnerId: string): Promise<boolean> {
  return await db.transaction(async (trx) => {
    await noteChange(trx, partnerId);
    return (await trx('partner_signing_secrets').where({ partner_id: partnerId }).delete()) > 0;
  });
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
  return await db('partner_signing_secrets')
    .where({ partner_id: partnerId })
    .whereRaw(IS_LIVE)
    .orderBy('secret_id', 'desc')
    .select<SigningSecret[]>(db.raw('left(secret, ?) as prefix', [SHOWN_LENGTH]), 'created_at', 'expires_at');
}

/** Whoever holds the settings reads them anew, and two rotations of one partner wait for each other. */
async function noteChange(trx: Knex, partnerId: string): Promise<boolean> {
  return (await trx('partners').where({ partner_id: partnerId }).update({ updated_at: trx.fn.now() })) > 0;
}
