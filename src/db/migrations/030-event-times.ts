import type { Migration } from './migration.ts';

const UP = `
  -- Of which moment the decision would be that a dry run would have made: an older row would not correct it.
  alter table import_assumptions add column decided_at timestamptz;
`;

const DOWN = `
  alter table import_assumptions drop column decided_at;
`;

export const eventTimes: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
