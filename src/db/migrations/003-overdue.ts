import type { Migration } from './migration.ts';

const UP = `
  -- What is still owed to partners, by when it is due: next to nothing while all is well.
  create index postbacks_due on postbacks (coalesce(next_attempt_at, created_at), lead_id)
    where state in ('scheduled', 'retrying');
  -- Clicks write no statuses, so they pay nothing.
  create index lead_events_of_statuses_in_order on lead_events (at, lead_id, seq) where type = 'status';

  -- The workflow is to look at Postgres, because something that it should have done long ago is not there.
  alter table outbox add column recheck boolean not null default false;

  -- One row, for the sweeps of all relays. Every status up to settled_upto has been settled.
  create table sweeps (
    only_row boolean primary key default true check (only_row),
    swept_at timestamptz not null default '-infinity',
    settled_upto timestamptz not null default '-infinity'
  );
  insert into sweeps default values;

  -- Leads that a sweep has made to owe, so that the next sweeps leave them the time to do it.
  create table swept_leads (
    lead_id text collate "C" primary key,
    swept_at timestamptz not null default now(),
    times integer not null default 1
  );
`;

const DOWN = `
  drop table swept_leads, sweeps;
  alter table outbox drop column recheck;
  drop index lead_events_of_statuses_in_order, postbacks_due;
`;

export const overdue: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
