import type { Migration } from './migration.ts';

const UP = `
  create table partners (
    partner_id text primary key,
    name text not null,
    state text not null default 'active' check (state in ('active', 'paused')),
    api_key_hash text not null unique,
    api_key_prefix text not null,
    postback jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );

  create table advertisers (
    advertiser_id text primary key,
    name text not null,
    state text not null default 'active' check (state in ('active', 'paused')),
    token_hash text not null unique,
    token_prefix text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );

  create table offers (
    offer_id text primary key,
    advertiser_id text not null references advertisers,
    name text not null,
    description text not null default '',
    url text not null,
    reward_amount bigint not null check (reward_amount >= 0),
    reward_currency text not null,
    price_version integer not null default 1,
    state text not null default 'active' check (state in ('active', 'paused')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );
  create index offers_by_advertiser on offers (advertiser_id);

  -- One row: what the click path keeps in memory is refreshed when the number moves.
  create table catalogue_version (
    only_row boolean primary key default true check (only_row),
    version bigint not null
  );
  insert into catalogue_version (version) values (1);

  create function raise_catalogue_version() returns trigger language plpgsql as $$
  begin
    update catalogue_version set version = version + 1;
    return null;
  end $$;
  create trigger partners_raise_version after insert or update or delete on partners
    for each statement execute function raise_catalogue_version();
  create trigger advertisers_raise_version after insert or update or delete on advertisers
    for each statement execute function raise_catalogue_version();
  create trigger offers_raise_version after insert or update or delete on offers
    for each statement execute function raise_catalogue_version();

  -- The click tables carry no foreign keys: each would cost a look-up per row on the hottest path,
  -- and their ids come from the catalogue and from the statement itself. Ids are compared byte by byte.
  create table leads (
    lead_id text collate "C" primary key,
    last_seq integer not null,
    last_activity_at timestamptz not null,
    created_at timestamptz not null default now()
  ) with (fillfactor = 80);

  create table lead_events (
    lead_id text collate "C" not null,
    seq integer not null,
    type text not null check (type in ('touch', 'conversion', 'status')),
    at timestamptz not null default now(),
    partner_id text,
    ref_id text,
    ref_id_problem text,
    ref_id_sample text,
    conversion_id text collate "C",
    offer_id text,
    advertiser_id text,
    status text,
    reason text,
    -- R13: the offer's price at the moment the status was committed, in minor units
    price_amount bigint,
    price_currency text,
    price_version integer,
    primary key (lead_id, seq)
  );
  create index lead_events_with_ref_id_problem on lead_events (partner_id, at) where ref_id_problem is not null;

  create table conversions (
    conversion_id text collate "C" primary key,
    lead_id text collate "C" not null,
    seq integer not null,
    offer_id text not null,
    advertiser_id text not null,
    created_at timestamptz not null default now(),
    status text check (status in ('pending', 'approved', 'rejected')),
    status_at timestamptz
  );

  -- Leads that owe events to their workflow: everything from from_seq to upto_seq.
  create table outbox (
    lead_id text collate "C" primary key,
    from_seq integer not null,
    upto_seq integer not null,
    -- 0 a status, 1 a conversion, 2 mere touches
    urgency smallint not null,
    owed_since timestamptz not null default now(),
    leased_until timestamptz,
    lease_id text,
    failures integer not null default 0,
    last_error text
  ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0,
    autovacuum_vacuum_insert_threshold = -1);
  create index outbox_in_order on outbox (urgency, owed_since);

  create table bot_visits (
    visit_id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    partner_id text not null,
    bot text not null
  );

  -- Every authenticated call of an advertiser, as it came, whatever became of it.
  create table status_calls (
    call_id bigint generated always as identity primary key,
    advertiser_id text not null references advertisers,
    at timestamptz not null default now(),
    conversion_id text,
    raw jsonb not null,
    result text not null,
    lead_id text,
    seq integer,
    accepted_at timestamptz
  );
  create index status_calls_by_conversion on status_calls (conversion_id, call_id);
  create index status_calls_refused on status_calls (result, call_id) where result not in ('recorded', 'duplicate', 'stale');

  create table settlements (
    conversion_id text not null,
    seq integer not null,
    lead_id text not null,
    status text not null,
    -- null is the house
    partner_id text,
    touch_seq integer,
    reward text not null check (reward in ('book', 'revoke', 'none')),
    settled_at timestamptz not null default now(),
    primary key (conversion_id, seq)
  );

  create table reward_entries (
    entry_id bigint generated always as identity primary key,
    conversion_id text not null,
    seq integer not null,
    partner_id text not null references partners,
    kind text not null check (kind in ('booked', 'revoked')),
    -- minor units; negative when revoked
    amount bigint not null,
    currency text not null,
    price_version integer not null,
    at timestamptz not null default now(),
    unique (conversion_id, seq)
  );
  create index reward_entries_by_partner on reward_entries (partner_id, at);

  create table postbacks (
    postback_id text primary key,
    conversion_id text not null,
    seq integer not null,
    lead_id text not null,
    -- null is the house
    partner_id text references partners,
    offer_id text not null,
    ref_id text,
    status text not null,
    reason text,
    -- R14: tells a partner that he lost the lead
    is_handover boolean not null default false,
    payout bigint not null,
    currency text not null,
    event_at timestamptz not null,
    state text not null check (state in ('scheduled', 'retrying', 'delivered', 'failed', 'superseded', 'skipped')),
    skip_reason text check (skip_reason in ('no_ref_id', 'not_configured', 'status_off', 'house')),
    next_attempt_at timestamptz,
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    unique nulls not distinct (conversion_id, seq, partner_id),
    check ((partner_id is null) = (skip_reason is not distinct from 'house')),
    check ((state = 'skipped') = (skip_reason is not null))
  );
  create index postbacks_by_partner on postbacks (partner_id, created_at);

  create table postback_attempts (
    postback_id text not null references postbacks,
    attempt integer not null,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    method text not null,
    url text not null,
    body text,
    outcome text not null default 'running' check (outcome in ('running', 'delivered', 'refused', 'interrupted')),
    duration_ms integer,
    http_status integer,
    error text,
    location text,
    response_body text,
    primary key (postback_id, attempt)
  );
`;

const DOWN = `
  drop table postback_attempts, postbacks, reward_entries, settlements, status_calls, bot_visits, outbox, conversions,
    lead_events, leads, catalogue_version, offers, advertisers, partners;
  drop function raise_catalogue_version;
`;

export const leadFacts: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
