import type { Migration } from './migration.ts';

const UP = `
  -- Two tokens live while one is replaced.
  alter table advertisers
    add column old_token_hash text unique,
    add column old_token_until timestamptz,
    -- By what a call shows that it comes from the advertiser; all that is agreed must hold.
    add column proofs jsonb not null default '{"token": true, "signature": false, "addresses": null}';

  -- Kept readable, because each call is checked by one.
  create table advertiser_signing_secrets (
    secret_id bigint generated always as identity primary key,
    advertiser_id text not null references advertisers,
    secret text not null,
    created_at timestamptz not null default now(),
    -- Null: lives until it is replaced or removed.
    expires_at timestamptz
  );
  create index advertiser_signing_secrets_of_advertiser on advertiser_signing_secrets (advertiser_id, secret_id);
  create trigger advertiser_signing_secrets_noted after insert or update or delete on advertiser_signing_secrets
    for each row execute function note_change('signing_secret', 'advertiser_id');

  -- Calls without proof are counted, with the last one as a sample: kept one by one, whoever floods would fill the disk.
  create table refused_calls (
    advertiser_id text not null references advertisers,
    hour timestamptz not null,
    reason text not null check (reason in ('token', 'signature', 'address', 'too_many')),
    calls bigint not null,
    last_at timestamptz not null,
    sample text not null,
    primary key (advertiser_id, hour, reason)
  );
`;

const DOWN = `
  drop table refused_calls, advertiser_signing_secrets;
  alter table advertisers drop column proofs, drop column old_token_until, drop column old_token_hash;
`;

export const originProofs: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
