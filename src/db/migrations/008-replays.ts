import type { Migration } from './migration.ts';

const UP = `
  create table replays (
    replay_id text collate "C" primary key,
    partner_id text not null references partners,
    -- what is sent again: this one postback, or those created from from_at on and before to_at
    postback_id text references postbacks,
    from_at timestamptz,
    to_at timestamptz,
    states text[] not null check (states <@ array['failed', 'skipped', 'delivered']),
    -- null: as fast as the endpoint answers
    rate_per_second double precision check (rate_per_second > 0),
    -- what the partner wants, and how far that is
    asked text not null default 'run' check (asked in ('run', 'pause', 'cancel')),
    state text not null default 'running' check (state in ('running', 'paused', 'done', 'cancelled')),
    total integer not null,
    delivered integer not null default 0,
    refused integer not null default 0,
    skipped integer not null default 0,
    -- Everything up to here has been dealt with, in the order of created_at and postback_id.
    cursor_at timestamptz not null default 'epoch',
    cursor_id text not null default '',
    -- Raised by whoever goes on with it: who went on before begins no more attempts.
    turn integer not null default 0,
    started_at timestamptz not null default now(),
    touched_at timestamptz not null default now(),
    ended_at timestamptz,
    -- when its workflow is to be told of it; null when it has been
    tell_at timestamptz default now(),
    check ((postback_id is null) = (from_at is not null and to_at is not null)),
    check ((state in ('done', 'cancelled')) = (ended_at is not null))
  -- Room for new versions of a row: its counters change many times a second.
  ) with (fillfactor = 40);
  create index replays_by_partner on replays (partner_id, replay_id) where postback_id is null;
  create index replays_not_ended on replays (partner_id) where state in ('running', 'paused');
  create index replays_to_tell on replays (tell_at) where tell_at is not null;

  -- The replay that made an attempt. No foreign key: each attempt would lock the row that counts all of them.
  alter table postback_attempts add column replay_id text collate "C";
`;

const DOWN = `
  alter table postback_attempts drop column replay_id;
  drop table replays;
`;

export const replays: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
