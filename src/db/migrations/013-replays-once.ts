import type { Migration } from './migration.ts';

const UP = `
  alter table replays
    -- Why it paused by itself; null when its partner asked for it, or when it goes on.
    add column pause_reason text check (pause_reason in ('no_url')),
    -- When it went on after the last pause, and how many postbacks had been dealt with by then.
    add column resumed_at timestamptz,
    add column done_before integer not null default 0;

  update replays r set asked = 'cancel', state = 'cancelled', ended_at = now()
  where r.postback_id is not null and r.state in ('running', 'paused') and exists (
    select from replays o
    where o.postback_id = r.postback_id and o.state in ('running', 'paused') and o.replay_id < r.replay_id
  );
  -- One postback is sent again by one redelivery at a time.
  create unique index replays_of_one_postback on replays (postback_id)
    where postback_id is not null and state in ('running', 'paused');
`;

const DOWN = `
  drop index replays_of_one_postback;
  alter table replays drop column pause_reason, drop column resumed_at, drop column done_before;
`;

export const replaysOnce: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
