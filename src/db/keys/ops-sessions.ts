import type { Knex } from 'knex';
import { ROOT, type AdminRole } from '../../domain/admin-role.ts';
import { newSecret } from '../../new-ids.ts';
import { hashKey } from './keys.ts';

/** Who is signed in to the ops console, with the role that its key has now. */
export type OpsSession = { sessionHash: string; name: string; role: AdminRole };

/** Signs an admin in with its key. @returns what the cookie carries, known to nobody else: only its hash is kept */
export async function startOpsSession(
  db: Knex,
  { name, key, lifetimeMs }: { name: string; key: string; lifetimeMs: number },
): Promise<string> {
  const sessionId = newSecret();
  await db('ops_sessions').insert({
    session_hash: hashKey(sessionId),
    admin_name: name,
    key_hash: hashKey(key),
    expires_at: db.raw("now() + :lifetimeMs * interval '1 millisecond'", { lifetimeMs }),
  });
  return sessionId;
}

/**
 * Whose session it is, while it and its key last; notes once a minute that it was seen.
 * @param rootKey the admin key of the configuration
 */
export async function findOpsSession(
  db: Knex,
  { sessionId, rootKey }: { sessionId: string; rootKey: string },
): Promise<OpsSession | undefined> {
  const { rows } = await db.raw<{ rows: (OpsSession & { isStale: boolean })[] }>(
    `select s.session_hash as "sessionHash", s.admin_name as name, coalesce(k.role, 'admin') as role,
       s.last_seen_at < now() - interval '1 minute' as "isStale"
     from ops_sessions s
     left join admin_keys k on k.name = s.admin_name and k.key_hash = s.key_hash and k.revoked_at is null
     where s.session_hash = :sessionHash and s.expires_at > now()
       and (k.name is not null or (s.admin_name = :root and s.key_hash = :rootHash))`,
    { sessionHash: hashKey(sessionId), root: ROOT, rootHash: hashKey(rootKey) },
  );
  const [found] = rows;
  if (!found) return undefined;
  const { isStale, ...session } = found;
  if (isStale) {
    await db('ops_sessions').where({ session_hash: session.sessionHash }).update({ last_seen_at: db.fn.now() });
  }
  return session;
}

export async function endOpsSession(db: Knex, { sessionHash }: Pick<OpsSession, 'sessionHash'>): Promise<void> {
  await db('ops_sessions').where({ session_hash: sessionHash }).delete();
}
