import type { Migration } from './migration.ts';

const UP = `
  create table price_lists (
    list_id bigint generated always as identity primary key,
    offer_id text not null references offers,
    -- null: for every partner that has no list of its own
    partner_id text references partners,
    version integer not null,
    effective_from timestamptz not null,
    currency text not null,
    -- [{from, amount}], amounts in minor units
    tiers jsonb not null,
    counts text not null check (counts in ('advertiser', 'offer')),
    period text not null check (period in ('day', 'week', 'month', 'all')),
    time_zone text not null,
    created_at timestamptz not null default now(),
    unique nulls not distinct (offer_id, partner_id, version)
  );
  create index price_lists_in_time on price_lists (offer_id, partner_id, effective_from desc, version desc);

  -- R13: prices point to their list, so a list stays as it is for good.
  create function refuse_change_of_price_list() returns trigger language plpgsql as $$
  begin
    raise exception 'A price list is never changed or deleted; make a later version.';
  end $$;
  create trigger price_lists_stay before update or delete or truncate on price_lists
    for each statement execute function refuse_change_of_price_list();

  -- What is counted, and by which periods; from the moment on at which a price list or a cap needs it.
  create table approval_counters (
    counter_id integer generated always as identity primary key,
    counts text not null check (counts in ('advertiser', 'offer')),
    -- of the advertiser or the offer
    counted_id text not null,
    period text not null check (period in ('day', 'week', 'month', 'all')),
    time_zone text not null,
    created_at timestamptz not null default now(),
    unique (counts, counted_id, period, time_zone)
  );

  -- How many conversions were approved in each period. Room on its page for each row's next version.
  create table approval_counts (
    counter_id integer not null references approval_counters,
    -- the first day of the period, in the time zone of the counter
    period_start date not null,
    approved bigint not null,
    primary key (counter_id, period_start)
  ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

  create table offer_caps (
    offer_id text primary key references offers,
    day integer check (day > 0),
    total integer check (total > 0),
    time_zone text not null,
    beyond text not null check (beyond in ('pay_nothing', 'close_offer')),
    updated_at timestamptz not null default now(),
    check (num_nonnulls(day, total) > 0)
  );

  create table closed_offers (
    offer_id text primary key references offers,
    reason text not null check (reason in ('cap_day', 'cap_total')),
    closed_at timestamptz not null default now(),
    -- null: until its cap is changed
    closed_until timestamptz
  );
  create trigger closed_offers_raise_version after insert or update or delete on closed_offers
    for each statement execute function raise_catalogue_version();

  create trigger price_lists_noted after insert on price_lists
    for each row execute function note_change('price_list', 'list_id');
  create trigger offer_caps_noted after insert or update or delete on offer_caps
    for each row execute function note_change('offer_cap', 'offer_id');
  create trigger closed_offers_noted after insert or update or delete on closed_offers
    for each row execute function note_change('closed_offer', 'offer_id');

  alter table lead_events
    -- R13, beside the price: the list it comes from, null for the offer's reward; the tier; how many conversions were
    -- approved before in the period; why it is 0.
    add column price_list_id bigint,
    add column price_tier_from integer,
    add column price_counted bigint,
    add column price_cap text check (price_cap in ('cap_day', 'cap_total')),
    add column price_cap_limit integer,
    -- true: the conversion was approved before, and counts no more
    add column is_reapproval boolean;

  update lead_events e set is_reapproval = true
    where e.type = 'status' and e.status = 'approved' and exists (
      select from lead_events f
      where f.conversion_id = e.conversion_id and f.type = 'status' and f.status = 'approved' and f.seq < e.seq
    );
  create index lead_events_first_approvals_of_advertiser on lead_events (advertiser_id, at)
    where type = 'status' and status = 'approved' and is_reapproval is null;
  create index lead_events_first_approvals_of_offer on lead_events (offer_id, at)
    where type = 'status' and status = 'approved' and is_reapproval is null;
`;

const DOWN = `
  drop index lead_events_first_approvals_of_offer, lead_events_first_approvals_of_advertiser;
  alter table lead_events drop column is_reapproval, drop column price_cap_limit, drop column price_cap,
    drop column price_counted, drop column price_tier_from, drop column price_list_id;
  drop table closed_offers, offer_caps, approval_counts, approval_counters, price_lists;
  drop function refuse_change_of_price_list;
`;

export const priceLists: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
