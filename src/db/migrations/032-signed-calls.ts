import type { Migration } from './migration.ts';

const UP = `
  -- Decisions that came by signed calls of the last minutes, so that one that is sent again cannot undo a newer one. Never
  -- large: who adds to it drops what is past its time.
  create table signed_calls (
    -- of its advertiser, its webhook-id and what was signed
    digest text primary key,
    seen_at timestamptz not null default now()
  );
  create index signed_calls_by_time on signed_calls (seen_at);
`;

const DOWN = `
  drop table signed_calls;
`;

export const signedCalls: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
