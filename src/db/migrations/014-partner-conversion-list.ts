import type { Migration } from './migration.ts';

const UP = `
  -- The conversions that may concern a partner: it held their lead when they were made, or touched it later. Filled behind
  -- the clicks, as counts are, with a progress of its own: whatever is older than conversions_upto is in it.
  create table partner_conversions (
    partner_id text not null,
    conversion_id text collate "C" not null,
    primary key (partner_id, conversion_id)
  );
  alter table counting_progress add column conversions_upto timestamptz;
  update counting_progress
    set conversions_upto = date_trunc('milliseconds', least(now() - interval '1 hour', (select min(at) from lead_events)));
  alter table counting_progress alter column conversions_upto set not null;

  create index console_sessions_by_end on console_sessions (expires_at);
`;

const DOWN = `
  drop index console_sessions_by_end;
  alter table counting_progress drop column conversions_upto;
  drop table partner_conversions;
`;

export const partnerConversionList: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
