import type { Migration } from './migration.ts';

const UP = `
  -- Where an advertiser's export is fetched from, and how often.
  create table pull_settings (
    advertiser_id text primary key references advertisers,
    url text not null,
    format text not null check (format in ('auto', 'csv', 'json_lines', 'json')),
    header_names text[] not null,
    -- Their values as JSON, sealed; null when there are none. By its name it stays out of the audit log.
    headers_secret text,
    -- Which column holds what, as far as it was said.
    mapping jsonb not null,
    every_minutes integer not null check (every_minutes > 0),
    notify boolean not null,
    state text not null check (state in ('active', 'paused')),
    -- When what is fetched was changed last: what was remembered of the export before counts no more.
    revised_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );
  create trigger pull_settings_noted after insert or update or delete on pull_settings
    for each row execute function note_change('pull', 'advertiser_id', 'revised_at');

  -- How pulls stand, beside the settings, so that the audit log holds only what people change.
  create table pull_standings (
    advertiser_id text primary key references advertisers,
    -- When Temporal's Schedule is to be brought into line with the settings; null when it has been.
    tell_at timestamptz,
    touched_at timestamptz not null default now(),
    -- When somebody asked for a pull at once; null when Temporal knows.
    run_asked_at timestamptz,
    -- When the first pull failed after the last that did not; null when that was the last.
    failing_since timestamptz,
    failures integer not null default 0
  );
  create index pull_standings_to_tell on pull_standings (tell_at) where tell_at is not null;

  create table pulls (
    pull_id text collate "C" primary key,
    advertiser_id text not null references advertisers,
    -- The run of the workflow that makes it: whatever is killed, it has one row.
    run_id text not null unique,
    revised_at timestamptz not null,
    attempts integer not null default 1,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    -- Null while it is under way.
    result text check (result in ('imported', 'unchanged', 'skipped', 'failed')),
    -- Of its last attempt.
    http_status integer,
    problem text,
    detail text,
    bytes bigint,
    sha256 text,
    -- By which the server can say that nothing has changed since.
    etag text,
    last_modified text,
    -- The import whose file is coming in; the next attempt drops what is there of it.
    receiving_id text collate "C",
    import_id text collate "C",
    check ((result is null) = (ended_at is null))
  );
  create index pulls_of_advertiser on pulls (advertiser_id, pull_id);

  -- What exports have said of conversions, so that a row that is listed again corrects nothing.
  create table pulled_conversions (
    advertiser_id text not null,
    conversion_id text collate "C" not null,
    -- The last file that named it.
    import_id text collate "C" not null,
    said text[] not null,
    -- In the file that named it before.
    said_before text[] not null,
    primary key (advertiser_id, conversion_id)
  );
`;

const DOWN = `
  drop table pulled_conversions, pulls, pull_standings, pull_settings;
`;

export const pulls: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
