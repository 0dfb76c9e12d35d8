import type { Migration } from './migration.ts';

const UP = `
  -- What the advertiser says of its own: its id of the sale, and when it happened. An event's own time stays that of its
  -- commit.
  alter table status_calls
    add column transaction_id text,
    add column source text not null default 'call' check (source in ('call', 'import', 'ops')),
    add column event_at timestamptz,
    add column notify boolean not null default true;
  alter table lead_events
    add column event_at timestamptz,
    -- false: a status that is booked without telling its partner
    add column notify boolean not null default true;

  -- Calls from before are found by their transaction_id too. The body goes before the query.
  update status_calls s set transaction_id = given.value #>> '{}'
    from (
      select call_id, coalesce(nullif(raw->'body'->'transaction_id', 'null'), raw->'query'->'transaction_id') as value
      from status_calls
    ) given
    where given.call_id = s.call_id and jsonb_typeof(given.value) in ('string', 'number')
      and length(given.value #>> '{}') between 1 and 128;
  create index status_calls_by_transaction on status_calls (transaction_id) where transaction_id is not null;
`;

const DOWN = `
  drop index status_calls_by_transaction;
  alter table lead_events drop column event_at, drop column notify;
  alter table status_calls drop column transaction_id, drop column source, drop column event_at, drop column notify;
`;

export const statusReports: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
