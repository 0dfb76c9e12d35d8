import type { Knex } from 'knex';
import { newSecret } from '../../new-ids.ts';
import { hashKey } from './keys.ts';
import { replaceLostKey, replacePartnerKey } from './partner-keys.ts';

/** Who is signed in. */
export type ConsoleSession = { sessionHash: string; partnerId: string; partnerName: string };

/** A place where a partner is signed in, as it sees it itself. */
export type SignIn = { sessionHash: string; createdAt: string; lastSeenAt: string };

// A partner that signs in and never out must not fill the table, and nobody works in more places.
const MOST_PER_PARTNER = 50;

/** Signs a partner in with its key. @returns what the cookie carries, known to nobody else: only its hash is kept */
export async function startSession(
  db: Knex,
  { partnerId, key, lifetimeMs }: { partnerId: string; key: string; lifetimeMs: number },
): Promise<string> {
  const sessionId = newSecret();
  await db.raw(
    `with ended as (
       delete from console_sessions where session_hash in (
         select session_hash from console_sessions
         where partner_id = :partnerId and (expires_at <= now() or session_hash in (
           select session_hash from console_sessions where partner_id = :partnerId order by created_at desc offset :kept
         ))
         order by session_hash for update skip locked
       )
     )
     insert into console_sessions (session_hash, partner_id, key_hash, expires_at)
     values (:sessionHash, :partnerId, :keyHash, now() + :lifetimeMs * interval '1 millisecond')`,
    { partnerId, kept: MOST_PER_PARTNER - 1, sessionHash: hashKey(sessionId), keyHash: hashKey(key), lifetimeMs },
  );
  return sessionId;
}

/** Whose session it is, while it and its key last; notes once a minute that it was seen. */
export async function findSession(db: Knex, sessionId: string): Promise<ConsoleSession | undefined> {
  const { rows } = await db.raw<{ rows: (ConsoleSession & { isStale: boolean })[] }>(
    `select session_hash as "sessionHash", partner_id as "partnerId", partners.name as "partnerName",
       last_seen_at < now() - interval '1 minute' as "isStale"
     from console_sessions join partners using (partner_id)
     where session_hash = :sessionHash and expires_at > now()
       and (key_hash = api_key_hash or (key_hash = old_api_key_hash and old_api_key_until > now()))`,
    { sessionHash: hashKey(sessionId) },
  );
  const [found] = rows;
  if (!found) return undefined;
  const { isStale, ...session } = found;
  if (isStale) {
    const { sessionHash } = session;
    await db('console_sessions').where({ session_hash: sessionHash }).update({ last_seen_at: db.fn.now() });
  }
  return session;
}

/** Where a partner is signed in, the latest first. */
export async function listSignIns(db: Knex, partnerId: string): Promise<SignIn[]> {
  const { rows } = await db.raw<{ rows: SignIn[] }>(
    `select session_hash as "sessionHash", sessions.created_at as "createdAt", last_seen_at as "lastSeenAt"
     from console_sessions sessions join partners using (partner_id)
     where partner_id = :partnerId and expires_at > now()
       and (key_hash = api_key_hash or (key_hash = old_api_key_hash and old_api_key_until > now()))
     order by sessions.created_at desc, session_hash`,
    { partnerId },
  );
  return rows;
}

export async function endSession(db: Knex, { sessionHash }: Pick<ConsoleSession, 'sessionHash'>): Promise<void> {
  await db('console_sessions').where({ session_hash: sessionHash }).delete();
}

/** Signs a partner out everywhere. */
export async function endAllSessions(db: Knex, partnerId: string): Promise<void> {
  await db('console_sessions').where({ partner_id: partnerId }).delete();
}

/**
 * Gives the partner a new key as `replacePartnerKey` does, or as `replaceLostKey` when the newest is `lost`. The session that
 * asked for it goes on under the new key; the others end with the old one.
 */
export async function replaceKeyInSession(
  db: Knex,
  { sessionHash, partnerId }: ConsoleSession,
  { prefix, keepOldForSeconds }: { prefix: string; keepOldForSeconds: number | 'lost' },
): Promise<string | undefined> {
  return await db.transaction(async (trx) => {
    const key =
      keepOldForSeconds === 'lost'
        ? await replaceLostKey(trx, partnerId, prefix)
        : await replacePartnerKey(trx, partnerId, { prefix, keepOldForSeconds });
    if (key === undefined) return undefined;
    await trx('console_sessions')
      .where({ session_hash: sessionHash })
      .update({ key_hash: hashKey(key) });
    return key;
  });
}
