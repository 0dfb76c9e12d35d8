import type { Migration } from './migration.ts';

const UP = `
  -- Who is signed in to the console. A session ends when it expires, when its row is deleted, or with the key that it was
  -- made with.
  create table console_sessions (
    session_hash text primary key,
    partner_id text not null references partners,
    key_hash text not null,
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at timestamptz not null
  );
  create index console_sessions_by_partner on console_sessions (partner_id, created_at);
`;

export const consoleSessions: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw('drop table console_sessions')),
};
