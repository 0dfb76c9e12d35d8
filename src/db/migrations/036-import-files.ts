import type { Migration } from './migration.ts';

const UP = `
  -- Its rows are being dropped, some at a time; from the first of them on file_dropped_at is set.
  alter table imports add column is_dropping boolean not null default false;
  create index imports_dropping on imports (import_id) where is_dropping;
`;

const DOWN = `
  drop index imports_dropping;
  alter table imports drop column is_dropping;
`;

export const importFiles: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
