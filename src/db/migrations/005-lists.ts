import type { Migration } from './migration.ts';

const UP = `
  -- The only index of the lists that a touch pays for, and only one with a ref_id. Byte by byte, because it is looked up
  -- by whole values alone and that is the cheapest way to compare them.
  create index lead_events_with_ref_id on lead_events (ref_id collate "C", lead_id) where ref_id is not null;

  -- Clicks write no status, so they pay nothing.
  create index conversions_by_status on conversions (status, conversion_id) where status is not null;
  create index conversions_of_offer_by_status on conversions (offer_id, status, conversion_id) where status is not null;

  -- A list without a filter on state or status merges those of all states and statuses, so one index serves them all.
  drop index postbacks_by_partner;
  create index postbacks_by_partner on postbacks (partner_id, state, status, created_at, postback_id);
  create index postbacks_by_offer on postbacks (offer_id, state, status, created_at, postback_id);
  create index postbacks_by_state on postbacks (state, status, created_at, postback_id);
  create index postbacks_by_ref_id on postbacks (ref_id, partner_id, created_at, postback_id) where ref_id is not null;
`;

const DOWN = `
  drop index postbacks_by_ref_id, postbacks_by_state, postbacks_by_offer, postbacks_by_partner,
    conversions_of_offer_by_status, conversions_by_status, lead_events_with_ref_id;
  create index postbacks_by_partner on postbacks (partner_id, created_at);
`;

export const lists: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
