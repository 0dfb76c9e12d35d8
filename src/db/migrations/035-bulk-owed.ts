import type { Migration } from './migration.ts';

const UP = `
  -- True where all that a lead owes of statuses has come by files: a million of them must not stand before one that an
  -- advertiser has just called for.
  alter table outbox add column is_bulk boolean not null default false;
  drop index outbox_in_order;
  create index outbox_in_order on outbox (urgency, is_bulk, owed_since);
`;

const DOWN = `
  drop index outbox_in_order;
  create index outbox_in_order on outbox (urgency, owed_since);
  alter table outbox drop column is_bulk;
`;

export const bulkOwed: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
