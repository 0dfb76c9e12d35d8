import type { Migration } from './migration.ts';

const UP = `
  -- How a partner's endpoint has been answering; made by its first attempt, changed by each further one.
  create table partner_endpoints (
    partner_id text primary key references partners,
    consecutive_failures integer not null default 0,
    -- When the first of these failed; null when the latest attempt was delivered.
    failing_since timestamptz,
    last_success_at timestamptz,
    last_failure_at timestamptz,
    -- When a success ended failures.
    recovered_at timestamptz,
    -- Of about the last hour: both shrink with time, and each attempt adds one.
    recent_attempts double precision not null default 0,
    recent_failures double precision not null default 0,
    recent_at timestamptz not null default now(),
    -- The latest test postback that was sent to see whether it has recovered.
    canary_at timestamptz,
    canary_http_status integer,
    canary_error text
  ) with (fillfactor = 50);
  -- Next to nothing while all is well.
  create index partner_endpoints_failing on partner_endpoints (consecutive_failures, partner_id)
    where consecutive_failures > 0;
`;

const DOWN = `
  drop table partner_endpoints;
`;

export const partnerEndpoints: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
