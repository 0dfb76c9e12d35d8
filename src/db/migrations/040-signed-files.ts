import type { Migration } from './migration.ts';

const UP = `
  -- Which import each signed request of the last day became, so that one that is sent again begins no other. Never large: who
  -- adds to it drops what is past its time.
  create table signed_files (
    -- of its advertiser, its webhook-id and what was signed, maybe with its time
    digest text primary key,
    import_id text collate "C" not null references imports on delete cascade,
    seen_at timestamptz not null default now()
  );
  create index signed_files_by_time on signed_files (seen_at);
  create index signed_files_of_import on signed_files (import_id);
`;

const DOWN = `
  drop table signed_files;
`;

export const signedFiles: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
