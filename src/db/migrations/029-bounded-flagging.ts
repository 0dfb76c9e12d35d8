import type { Migration } from './migration.ts';

const UP = `
  -- So that a part of very many visits is found without the rest: the latest ones of a lead, and those of one partner from
  -- one address.
  create index visit_traces_of_lead_in_order on visit_traces (lead_id, trace_id);
  create index visit_traces_of_partner_and_address on visit_traces (address_hash, partner_id, at) include (lead_id);
  drop index visit_traces_of_lead, visit_traces_of_address;

  -- Leads of which something could not be looked at for fraud flags; told in the report.
  create table leads_not_looked_at (
    lead_id text collate "C" primary key,
    at timestamptz not null default now()
  );
`;

const DOWN = `
  drop table leads_not_looked_at;
  create index visit_traces_of_lead on visit_traces (lead_id);
  create index visit_traces_of_address on visit_traces (address_hash, at);
  drop index visit_traces_of_lead_in_order, visit_traces_of_partner_and_address;
`;

export const boundedFlagging: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
