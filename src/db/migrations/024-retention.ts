import type { Migration } from './migration.ts';

const UP = `
  -- What partners have answered, by when they were asked, until it is dropped.
  create index postback_attempts_with_answers on postback_attempts (started_at) where response_body is not null;

  -- The rows of a file that ended long ago; its counts stay.
  alter table imports add column file_dropped_at timestamptz;
  create index imports_with_files on imports (ended_at) where file_dropped_at is null and ended_at is not null;

  -- Leads of which touches were dropped. Numbers up to upto_seq that lead_events lacks were theirs.
  create table dropped_touches (
    lead_id text collate "C" primary key,
    touches integer not null,
    upto_seq integer not null,
    dropped_at timestamptz not null default now()
  );
  -- One row: all leads up to this one have been looked at, and those that were not finished are kept in unfinished_leads.
  create table touch_retention (
    only_row boolean primary key default true check (only_row),
    upto_lead_id text collate "C" not null default '',
    -- Figures of what was before this moment cannot be counted anew.
    dropped_before timestamptz
  );
  insert into touch_retention default values;
  create table unfinished_leads (lead_id text collate "C" primary key);
`;

const DOWN = `
  drop table unfinished_leads, touch_retention, dropped_touches;
  drop index imports_with_files;
  alter table imports drop column file_dropped_at;
  drop index postback_attempts_with_answers;
`;

/** What was dropped stays dropped. */
export const retention: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
