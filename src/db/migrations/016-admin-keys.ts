import type { Migration } from './migration.ts';

const UP = `
  -- One row per admin, ever: the audit log names people by it. A revoked name may be given a key again.
  create table admin_keys (
    name text primary key,
    role text not null check (role in ('read', 'operate', 'admin')),
    key_hash text not null unique,
    key_prefix text not null,
    created_by text not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz,
    revoked_at timestamptz
  );

  -- Who is signed in to the ops console. A session ends when it expires, when its row is deleted, or with its key.
  create table ops_sessions (
    session_hash text primary key,
    admin_name text not null,
    key_hash text not null,
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at timestamptz not null
  );
  create index ops_sessions_by_end on ops_sessions (expires_at);

  create table audit_log (
    audit_id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    -- The name of an admin, partner:{id}, or system where nobody asked for it.
    actor text not null,
    role text,
    action text not null,
    subject_type text not null,
    subject_id text not null,
    -- Of a change only the columns that differ; null where there was or is no row.
    before jsonb,
    after jsonb,
    comment text
  );
  create index audit_log_of_subject on audit_log (subject_type, subject_id, audit_id);
  create index audit_log_of_actor on audit_log (actor, audit_id);
  create index audit_log_by_time on audit_log (at, audit_id);

  create function refuse_change_of_audit_log() returns trigger language plpgsql as $$
  begin
    raise exception 'The audit log is only ever added to.';
  end $$;
  create trigger audit_log_stays before update or delete or truncate on audit_log
    for each statement execute function refuse_change_of_audit_log();

  -- Notes each change of a row in the audit log. A table is attached in one line, with what its rows are called and the
  -- column of their id; further columns that are named stay out of the log:
  --   create trigger offers_noted after insert or update or delete on offers
  --     for each row execute function note_change('offer', 'offer_id');
  -- Columns whose names tell of hashes, secrets and passwords always stay out. Who changes it is said by the settings
  -- cashcat.actor, cashcat.role and cashcat.comment of the transaction.
  create function note_change() returns trigger language plpgsql as $$
  declare
    was jsonb := '{}';
    becomes jsonb := '{}';
    -- What changes with each use of a row is no change of it.
    restless constant text[] := array['updated_at', 'last_used_at', 'last_seen_at'];
    hidden text[];
    subject_id text;
  begin
    if tg_op <> 'INSERT' then was := to_jsonb(old) - restless; end if;
    if tg_op <> 'DELETE' then becomes := to_jsonb(new) - restless; end if;
    if was = becomes then return null; end if;
    subject_id := coalesce(becomes ->> tg_argv[1], was ->> tg_argv[1], '');
    select coalesce(array_agg(key), '{}') into hidden from jsonb_object_keys(was || becomes) key
      where key ~ '(hash|secret|password)' or key = any (tg_argv[2:]);
    was := was - hidden;
    becomes := becomes - hidden;
    if tg_op = 'UPDATE' then
      select coalesce(jsonb_object_agg(key, was -> key), '{}'), coalesce(jsonb_object_agg(key, becomes -> key), '{}')
        into was, becomes
        from jsonb_object_keys(becomes) key where was -> key is distinct from becomes -> key;
    end if;
    insert into audit_log (actor, role, action, subject_type, subject_id, before, after, comment) values (
      coalesce(nullif(current_setting('cashcat.actor', true), ''), 'system'),
      nullif(current_setting('cashcat.role', true), ''),
      case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'change' else 'delete' end,
      tg_argv[0], subject_id,
      case when tg_op <> 'INSERT' then was end,
      case when tg_op <> 'DELETE' then becomes end,
      nullif(current_setting('cashcat.comment', true), '')
    );
    return null;
  end $$;

  create trigger partners_noted after insert or update or delete on partners
    for each row execute function note_change('partner', 'partner_id');
  create trigger advertisers_noted after insert or update or delete on advertisers
    for each row execute function note_change('advertiser', 'advertiser_id');
  create trigger offers_noted after insert or update or delete on offers
    for each row execute function note_change('offer', 'offer_id');
  create trigger admin_keys_noted after insert or update or delete on admin_keys
    for each row execute function note_change('admin_key', 'name');
  create trigger partner_signing_secrets_noted after insert or update or delete on partner_signing_secrets
    for each row execute function note_change('signing_secret', 'partner_id');
`;

const DOWN = `
  drop trigger partner_signing_secrets_noted on partner_signing_secrets;
  drop trigger offers_noted on offers;
  drop trigger advertisers_noted on advertisers;
  drop trigger partners_noted on partners;
  drop table audit_log, ops_sessions, admin_keys;
  drop function note_change();
  drop function refuse_change_of_audit_log();
`;

export const adminKeys: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
