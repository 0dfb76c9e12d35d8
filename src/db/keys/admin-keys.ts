import type { Knex } from 'knex';
import type { AdminRole } from '../../domain/admin-role.ts';
import { AppError } from '../../errors.ts';
import { hashKey, makeKey } from './keys.ts';

/** An admin's key as it may be shown. */
export type AdminKey = {
  name: string;
  role: AdminRole;
  key_prefix: string;
  created_by: string;
  created_at: string;
  /** To the minute. */
  last_used_at: string | null;
  revoked_at: string | null;
};

const COLUMNS = ['name', 'role', 'key_prefix', 'created_by', 'created_at', 'last_used_at', 'revoked_at'];

/** Whose key it is; undefined for one that is no key of ours, or no longer. Notes once a minute that it was used. */
export async function findAdminByKey(db: Knex, key: string): Promise<{ name: string; role: AdminRole } | undefined> {
  const { rows } = await db.raw<{ rows: { name: string; role: AdminRole }[] }>(
    `with found as (
       select name, role, last_used_at from admin_keys where key_hash = :hash and revoked_at is null
     ), seen as (
       update admin_keys k set last_used_at = now() from found f
       where k.name = f.name and (f.last_used_at is null or f.last_used_at < now() - interval '1 minute')
     )
     select name, role from found`,
    { hash: hashKey(key) },
  );
  return rows[0];
}

/**
 * Makes a key for an admin, to be shown this once.
 * @throws AppError `taken` while the name has a key that is not revoked
 */
export async function createAdminKey(
  db: Knex,
  { name, role, createdBy }: { name: string; role: AdminRole; createdBy: string },
): Promise<{ adminKey: AdminKey; key: string }> {
  const { key, hash, prefix } = makeKey('ak');
  const { rows } = await db.raw<{ rows: AdminKey[] }>(
    `insert into admin_keys (name, role, key_hash, key_prefix, created_by)
     values (:name, :role, :hash, :prefix, :createdBy)
     on conflict (name) do update
       set role = excluded.role, key_hash = excluded.key_hash, key_prefix = excluded.key_prefix,
         created_by = excluded.created_by, created_at = now(), last_used_at = null, revoked_at = null
       where admin_keys.revoked_at is not null
     returning ${COLUMNS.join()}`,
    { name, role, hash, prefix, createdBy },
  );
  const [adminKey] = rows;
  if (!adminKey) throw new AppError('taken', `${name} has a key already: revoke it first, or choose another name.`);
  return { adminKey, key };
}

/** All keys there ever were, by name; those that are revoked come last. */
export async function listAdminKeys(db: Knex): Promise<AdminKey[]> {
  return await db('admin_keys').orderByRaw('revoked_at is not null, name').select<AdminKey[]>(COLUMNS);
}

/** Ends a key, and what is signed in with it. @returns undefined when there is none of this name that is not revoked */
export async function revokeAdminKey(db: Knex, name: string): Promise<AdminKey | undefined> {
  const [revoked] = await db('admin_keys')
    .where({ name })
    .whereNull('revoked_at')
    .update({ revoked_at: db.fn.now() })
    .returning<AdminKey[]>(COLUMNS);
  await db('ops_sessions').where({ admin_name: name }).delete();
  return revoked;
}
