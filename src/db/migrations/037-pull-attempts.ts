import type { Migration } from './migration.ts';

const UP = `
  -- Attempts that came to nothing because their worker was stopped: they are none of those that a pull has.
  alter table pulls add column left_attempts integer not null default 0;
`;

const DOWN = `
  alter table pulls drop column left_attempts;
`;

export const pullAttempts: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
