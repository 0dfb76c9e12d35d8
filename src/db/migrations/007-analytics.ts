import type { Migration } from './migration.ts';

const UP = `
  -- Facts lie in their tables nearly in the order of their times, so an index of a few pages leads to those of a span of
  -- time. It is the only one of the analytics that a click pays for.
  create index lead_events_in_time on lead_events using brin (at) with (pages_per_range = 32, autosummarize = on);
  create index settlements_in_time on settlements using brin (settled_at) with (pages_per_range = 32, autosummarize = on);
  create index reward_entries_in_time on reward_entries using brin (at) with (pages_per_range = 32, autosummarize = on);

  -- What has been counted so far: every fact before counted_upto, and none after it. In milliseconds, as the program reads it.
  create table counting_progress (
    only_row boolean primary key default true check (only_row),
    counted_upto timestamptz not null
  );
  insert into counting_progress (counted_upto)
    select date_trunc('milliseconds', least(
      now() - interval '1 hour',
      (select min(at) from lead_events), (select min(settled_at) from settlements), (select min(at) from reward_entries)
    ));

  -- A partner's facts of a quarter of an hour, which is a whole part of every time zone's day. '' is no offer, as with
  -- touches. Counts have the currency ''; rewards have a row for each currency, in minor units, what was revoked below 0.
  create table partner_counts (
    partner_id text not null,
    bucket timestamptz not null,
    offer_id text not null,
    currency text not null,
    touches bigint not null,
    conversions bigint not null,
    pending bigint not null,
    approved bigint not null,
    rejected bigint not null,
    booked bigint not null,
    revoked bigint not null,
    primary key (partner_id, bucket, offer_id, currency)
  ) with (fillfactor = 80);

  -- Touches whose ref_id is a macro that a tracker has not filled in.
  create table unfilled_ref_ids (
    partner_id text not null,
    bucket timestamptz not null,
    touches bigint not null,
    latest_ref_id text not null,
    latest_at timestamptz not null,
    primary key (partner_id, bucket)
  ) with (fillfactor = 80);

  -- One ref_id may stand in every postback of a campaign. With state and status in the index, each page of them is full.
  drop index postbacks_by_ref_id;
  create index postbacks_by_ref_id on postbacks (ref_id, partner_id, state, status, created_at, postback_id)
    where ref_id is not null;
`;

const DOWN = `
  drop index postbacks_by_ref_id;
  create index postbacks_by_ref_id on postbacks (ref_id, partner_id, created_at, postback_id) where ref_id is not null;
  drop table unfilled_ref_ids, partner_counts, counting_progress;
  drop index reward_entries_in_time, settlements_in_time, lead_events_in_time;
`;

export const analytics: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
