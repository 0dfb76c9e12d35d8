import type { Migration } from './migration.ts';

const UP = `
  -- What clicks looked like, for fraud flags: a sample, written behind the clicks and dropped after some days. Addresses and
  -- user agents only as hashes, under a key of the day, so that those of two days cannot be compared.
  create table visit_traces (
    trace_id bigint generated always as identity primary key,
    at timestamptz not null,
    lead_id text collate "C" not null,
    conversion_id text collate "C",
    -- of the touch; null where the click was none
    partner_id text,
    address_hash bytea not null,
    agent_hash bytea not null,
    -- Sec-Fetch-Dest where it was no page of its own
    embedded text,
    -- the lead came from the token of a wall's link
    by_link boolean not null
  );
  create index visit_traces_of_lead on visit_traces (lead_id);
  create index visit_traces_of_address on visit_traces (address_hash, at);

  -- What looks odd about a conversion when it earns something. Hints: nothing depends on them.
  create table fraud_flags (
    flag_id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    kind text not null check (kind in ('fast_status', 'late_touch', 'embedded_click', 'address_burst', 'shared_link')),
    lead_id text collate "C" not null,
    conversion_id text collate "C" not null,
    partner_id text not null,
    -- by which two findings of the same are compared: seconds, clicks or visitors
    measure integer not null,
    evidence jsonb not null,
    unique (conversion_id, kind, partner_id)
  );
  create index fraud_flags_of_partner on fraud_flags (partner_id, flag_id);
  create index fraud_flags_in_time on fraud_flags (at, kind);

  -- Statuses up to this one have been looked at.
  create table flagging_progress (
    only_row boolean primary key default true check (only_row),
    flagged_upto timestamptz not null default now()
  );
  insert into flagging_progress default values;
`;

export const fraud: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw('drop table flagging_progress, fraud_flags, visit_traces')),
};
