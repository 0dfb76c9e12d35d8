import type { Migration } from './migration.ts';

const UP = `
  -- How many conversions have no status yet, by the hour (UTC) in which they were made. Counted behind the clicks, as
  -- partners' figures are, with a progress of its own.
  create table unanswered_counts (
    hour timestamptz not null,
    advertiser_id text not null,
    conversions bigint not null,
    primary key (hour, advertiser_id)
  ) with (fillfactor = 80);
  -- No window is longer than 400 days, so nobody asks about more. The ids of conversions are in the order of time, but for
  -- what was made at the same moment.
  alter table counting_progress add column unanswered_upto timestamptz;
  update counting_progress set unanswered_upto = date_trunc('milliseconds', greatest(
    now() - interval '400 days',
    least(now(), (select created_at from conversions order by conversion_id limit 1)) - interval '1 hour'
  ));
  alter table counting_progress alter column unanswered_upto set not null;
`;

const DOWN = `
  alter table counting_progress drop column unanswered_upto;
  drop table unanswered_counts;
`;

export const unanswered: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
