import type { Migration } from './migration.ts';

const UP = `
  -- A partner that has none gets its postbacks unsigned. Kept readable, because each postback is signed with it.
  create table partner_signing_secrets (
    secret_id bigint generated always as identity primary key,
    partner_id text not null references partners,
    secret text not null,
    created_at timestamptz not null default now(),
    -- Null: lives until it is replaced or removed.
    expires_at timestamptz
  );
  create index partner_signing_secrets_of_partner on partner_signing_secrets (partner_id, secret_id);
`;

const DOWN = `
  drop table partner_signing_secrets;
`;

export const signingSecrets: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
