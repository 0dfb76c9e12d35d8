import type { Knex } from 'knex';
import { newSigningSecret } from '../../new-ids.ts';

/** What may be shown of a live secret: its beginning, and until when it signs; null: until it is replaced or removed. */
export type SigningSecret = { prefix: string; created_at: string; expires_at: string | null };

/** Where the secrets of one kind of owner are kept, and where the owners are. */
export type SecretOwners = { secrets: string; owners: string; id: string };

const SHOWN_LENGTH = 'whsec_'.length + 4;
export const IS_LIVE = '(expires_at is null or expires_at > now())';

/**
 * Gives an owner a new signing secret. The one before it goes on beside it for `keepOldForSeconds`; any older one ends at
 * once, so at most two live at a time.
 *
 * @returns the new secret, `whsec_…`, to be shown this once; undefined when there is no such owner, or when its newest
 * secret does not begin with `prefix` ('' for none): then it has been replaced meanwhile
 */
export async function rotateSecret(
  db: Knex,
  table: SecretOwners,
  { ownerId, keepOldForSeconds = 0, prefix }: { ownerId: string; keepOldForSeconds?: number; prefix?: string },
): Promise<string | undefined> {
  return await db.transaction(async (trx) => {
    if (!(await noteChange(trx, table, ownerId))) return undefined;
    if (prefix !== undefined && prefix !== ((await listSecrets(trx, table, ownerId))[0]?.prefix ?? ''))
      return undefined;
    await trx.raw(makeRoom(table), { ownerId, keepOldForSeconds });
    const secret = newSigningSecret();
    await trx(table.secrets).insert({ [table.id]: ownerId, secret });
    return secret;
  });
}

/**
 * Gives an owner another secret for one that it has never seen: that one ends, and the one before it goes on as it was to.
 * @returns as `rotateSecret` does
 */
export async function replaceLost(
  db: Knex,
  table: SecretOwners,
  { ownerId, prefix }: { ownerId: string; prefix: string },
): Promise<string | undefined> {
  return await db.transaction(async (trx) => {
    await noteChange(trx, table, ownerId);
    const secret = newSigningSecret();
    const changed = await trx(table.secrets)
      .where({ [table.id]: ownerId, expires_at: null })
      .whereRaw('left(secret, ?) = ?', [SHOWN_LENGTH, prefix])
      .update({ secret, created_at: trx.fn.now() });
    return changed > 0 ? secret : undefined;
  });
}

/** Ends all secrets of an owner. @returns false when it had none */
export async function removeSecrets(db: Knex, table: SecretOwners, ownerId: string): Promise<boolean> {
  return await db.transaction(async (trx) => {
    await noteChange(trx, table, ownerId);
    return (
      (await trx(table.secrets)
        .where({ [table.id]: ownerId })
        .delete()) > 0
    );
  });
}

/** The live secrets of an owner as they may be shown, the newest first. */
export async function listSecrets(db: Knex, table: SecretOwners, ownerId: string): Promise<SigningSecret[]> {
  return await db(table.secrets)
    .where({ [table.id]: ownerId })
    .whereRaw(IS_LIVE)
    .orderBy('secret_id', 'desc')
    .select<SigningSecret[]>(db.raw('left(secret, ?) as prefix', [SHOWN_LENGTH]), 'created_at', 'expires_at');
}

/** Of the secrets there are only the latest live one may go on; with nothing to go on for, it ends as well. */
function makeRoom({ secrets, id }: SecretOwners): string {
  return `
    with latest as (
      select secret_id from ${secrets}
      where ${id} = :ownerId and ${IS_LIVE} and :keepOldForSeconds > 0
      order by secret_id desc limit 1
    ), kept as (
      update ${secrets} set expires_at = now() + :keepOldForSeconds * interval '1 second'
      where secret_id in (select secret_id from latest)
    )
    delete from ${secrets} where ${id} = :ownerId and secret_id not in (select secret_id from latest)`;
}

/** Whoever holds an owner in memory reads it anew, and two rotations of one owner wait for each other. */
async function noteChange(trx: Knex, { owners, id }: SecretOwners, ownerId: string): Promise<boolean> {
  return (
    (await trx(owners)
      .where({ [id]: ownerId })
      .update({ updated_at: trx.fn.now() })) > 0
  );
}
