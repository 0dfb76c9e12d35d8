import type { Knex } from 'knex';
import { hashKey, makeKey } from './keys.ts';

/** Whose key it is; undefined for a key that is not one, or no longer. */
export async function findPartnerByKey(db: Knex, key: string): Promise<string | undefined> {
  const { rows } = await db.raw<{ rows: { partnerId: string }[] }>(
    `select partner_id as "partnerId" from partners
     where api_key_hash = :hash or (old_api_key_hash = :hash and old_api_key_until > now())`,
    { hash: hashKey(key) },
  );
  return rows[0]?.partnerId;
}

/**
 * Gives a partner a new API key. The one before it goes on for `keepOldForSeconds`; any older one ends at once.
 * @returns the new key, to be shown this once; undefined when there is no such partner, or when its key no longer begins with
 * `prefix`: then it has been replaced meanwhile
 */
export async function replacePartnerKey(
  db: Knex,
  partnerId: string,
  { keepOldForSeconds = 0, prefix: expected }: { keepOldForSeconds?: number; prefix?: string } = {},
): Promise<string | undefined> {
  const { key, hash, prefix } = makeKey('ck');
  const isKept = keepOldForSeconds > 0;
  const changed = await db('partners')
    .where({ partner_id: partnerId, ...(expected !== undefined && { api_key_prefix: expected }) })
    .update({
      api_key_hash: hash,
      api_key_prefix: prefix,
      old_api_key_hash: isKept ? db.ref('api_key_hash') : null,
      old_api_key_until: isKept
        ? db.raw("now() + :seconds * interval '1 second'", { seconds: keepOldForSeconds })
        : null,
      updated_at: db.fn.now(),
    });
  return changed > 0 ? key : undefined;
}
