import type { Migration } from './migration.ts';

const UP = `
  -- How much of its file came before what a lead owes, where all of that has come by files; null where a process of an older
  -- version has booked it. An index of its own, so that clicks and single statuses do not pay for it, and processes of an
  -- older version find their order in the one that is there.
  alter table outbox add column bulk_rank smallint;
  create index outbox_bulk on outbox (bulk_rank, owed_since) where urgency = 0 and is_bulk;
`;

const DOWN = `
  drop index outbox_bulk;
  alter table outbox drop column bulk_rank;
`;

export const bulkRanks: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
