import type { Migration } from './migration.ts';

const UP = `
  -- By which names an object of a JSON file may call each field, the first that it has counts: as it was when the file came, so
  -- that all of it is read alike. Null for CSV, and for what came before this: it is read by its mapping alone.
  alter table imports add column names jsonb;
`;

const DOWN = `
  alter table imports drop column names;
`;

export const columnNames: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
