import type { Migration } from './migration.ts';

const UP = `
  -- The day on which a file named it last, or on which it was found that its window is still open.
  alter table pulled_conversions add column used_on date not null default current_date;
  create index pulled_conversions_used on pulled_conversions (used_on);
  -- Rows about conversions that we do not know which left no call: there were too many.
  alter table imports add column unlogged integer not null default 0;
`;

const DOWN = `
  alter table imports drop column unlogged;
  drop index pulled_conversions_used;
  alter table pulled_conversions drop column used_on;
`;

export const boundedPulls: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
