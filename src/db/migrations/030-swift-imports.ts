import type { Migration } from './migration.ts';

const UP = `
  -- Which rows were refused is asked of a file of a million rows while it is being booked.
  alter table import_verdicts add column has_refused boolean not null default true;
  create index import_verdicts_refused on import_verdicts (import_id, dry_run, chunk) where has_refused;

  -- Each cost a look-up per row of a file, and per status call. An advertiser is known before any call of it is kept, and
  -- what a dry run has assumed goes before its import does.
  alter table import_assumptions drop constraint import_assumptions_import_id_fkey;
  alter table status_calls drop constraint status_calls_advertiser_id_fkey;
`;

const DOWN = `
  alter table status_calls add foreign key (advertiser_id) references advertisers;
  delete from import_assumptions a where not exists (select from imports i where i.import_id = a.import_id);
  alter table import_assumptions add foreign key (import_id) references imports on delete cascade;
  drop index import_verdicts_refused;
  alter table import_verdicts drop column has_refused;
`;

export const swiftImports: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
