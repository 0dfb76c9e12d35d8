import type { Migration } from './migration.ts';

const UP = `
  -- Files of statuses. A row is the whole truth about an import; its workflow only brings it forward.
  create table imports (
    import_id text collate "C" primary key,
    advertiser_id text not null references advertisers,
    source text not null check (source in ('ops', 'advertiser', 'pull')),
    file_name text,
    format text check (format in ('csv', 'json_lines', 'json')),
    bytes bigint not null default 0,
    sha256 text,
    -- the columns of a CSV file in their order; null for JSON
    header text[],
    -- which column holds what
    mapping jsonb not null default '{}',
    notify boolean not null default true,
    dry_run boolean not null,
    -- what was asked for last, and how far that is; nobody sees it while its file is being received
    asked text not null default 'run' check (asked in ('run', 'pause', 'cancel')),
    state text not null default 'receiving' check (state in ('receiving', 'running', 'paused', 'done', 'cancelled')),
    rows integer not null default 0,
    done_rows integer not null default 0,
    recorded integer not null default 0,
    duplicate integer not null default 0,
    stale integer not null default 0,
    ignored integer not null default 0,
    refused integer not null default 0,
    -- what the dry run found, once the file is applied
    dry_run_counts jsonb,
    next_chunk integer not null default 0,
    -- Raised by whoever goes on with it: who went on before books no more rows.
    turn integer not null default 0,
    created_at timestamptz not null default now(),
    started_at timestamptz not null default now(),
    -- when it went on after its last pause, and how many rows had been dealt with by then
    resumed_at timestamptz,
    done_before integer not null default 0,
    touched_at timestamptz not null default now(),
    ended_at timestamptz,
    -- when its workflow is to be told of it; null when it has been
    tell_at timestamptz,
    check ((state in ('done', 'cancelled')) = (ended_at is not null))
  -- Room for new versions of a row: its counters change many times a second.
  ) with (fillfactor = 40);
  create index imports_by_advertiser on imports (advertiser_id, import_id);
  create index imports_to_tell on imports (tell_at) where tell_at is not null;
  create index imports_not_ended on imports (state, touched_at) where state in ('receiving', 'running', 'paused');

  -- The rows of a file as they came, JSON, many to a row here; they are numbered from 1, the header not counted.
  create table import_chunks (
    import_id text collate "C" not null references imports on delete cascade,
    chunk integer not null,
    first_row integer not null,
    file_rows text not null,
    primary key (import_id, chunk)
  );

  -- What became of them, by the same numbers: of a dry run, and of the import that was applied.
  create table import_verdicts (
    import_id text collate "C" not null references imports on delete cascade,
    dry_run boolean not null,
    chunk integer not null,
    verdicts text not null,
    primary key (import_id, dry_run, chunk)
  );

  -- What a dry run under way would have made of conversions: a later row of the same file is judged by it.
  create table import_assumptions (
    import_id text collate "C" not null references imports on delete cascade,
    conversion_id text collate "C" not null,
    status text not null,
    primary key (import_id, conversion_id)
  );

  -- The columns of an advertiser's last file that was applied.
  create table import_mappings (
    advertiser_id text primary key references advertisers,
    mapping jsonb not null,
    updated_at timestamptz not null default now()
  );

  alter table status_calls
    add column import_id text collate "C",
    add column row_number integer;
  -- Each row of a file is booked once, whatever dies.
  create unique index status_calls_by_import on status_calls (import_id, row_number) where import_id is not null;
`;

const DOWN = `
  drop index status_calls_by_import;
  alter table status_calls drop column import_id, drop column row_number;
  drop table import_mappings, import_assumptions, import_verdicts, import_chunks, imports;
`;

export const imports: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
