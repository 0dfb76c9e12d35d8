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
  { keepOldForSeconds = 0, prefix }: { keepOldForSeconds?: number; prefix?: string } = {},
): Promise<string | undefined> {
  const isKept = keepOldForSeconds > 0;
  return await giveKey(db, partnerId, {
    prefix,
    old: {
      old_api_key_hash: isKept ? db.ref('api_key_hash') : null,
      old_api_key_until: isKept
        ? db.raw("now() + :seconds * interval '1 second'", { seconds: keepOldForSeconds })
        : null,
    },
  });
}

/**
 * Gives a partner another key for one that it has never seen: that one ends, and the one before it goes on for as long as it
 * was to. @returns as `replacePartnerKey` does
 */
export async function replaceLostKey(db: Knex, partnerId: string, prefix: string): Promise<string | undefined> {
  return await giveKey(db, partnerId, { prefix, old: {} });
}

/** Until when the key before a partner's newest one goes on; null when there is none. */
export async function readOldKeyUntil(db: Knex, partnerId: string): Promise<string | null> {
  const { rows } = await db.raw<{ rows: { until: string }[] }>(
    `select old_api_key_until as until from partners
     where partner_id = :partnerId and old_api_key_hash is not null and old_api_key_until > now()`,
    { partnerId },
  );
  return rows[0]?.until ?? null;
}

async function giveKey(
  db: Knex,
  partnerId: string,
  { prefix: expected, old }: { prefix: string | undefined; old: object },
): Promise<string | undefined> {
  const { key, hash, prefix } = makeKey('ck');
  const changed = await db('partners')
    .where({ partner_id: partnerId, ...(expected !== undefined && { api_key_prefix: expected }) })
    .update({ api_key_hash: hash, api_key_prefix: prefix, ...old, updated_at: db.fn.now() });
  return changed > 0 ? key : undefined;
}
