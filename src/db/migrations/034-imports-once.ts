import type { Migration } from './migration.ts';

const UP = `
  -- True: whoever brought it wants it imported although the same file was imported before.
  alter table imports add column is_again boolean not null default false;

  update imports i set is_again = true
  where exists (
    select from imports e
    where e.advertiser_id = i.advertiser_id and e.sha256 = i.sha256 and e.notify = i.notify and e.mapping = i.mapping
      and e.dry_run = i.dry_run and e.import_id < i.import_id and e.state in ('running', 'paused', 'done')
  );
  -- A file is booked once, and tried once at a time. A text as long as a mapping may be is no key of an index.
  create unique index imports_once on imports (advertiser_id, sha256, notify, md5(mapping::text), dry_run)
    where not is_again and asked <> 'cancel' and (state in ('running', 'paused') or (state = 'done' and not dry_run));
`;

const DOWN = `
  drop index imports_once;
  alter table imports drop column is_again;
`;

export const importsOnce: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
