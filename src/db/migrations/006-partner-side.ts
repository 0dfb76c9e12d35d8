import type { Migration } from './migration.ts';

const UP = `
  -- A replaced key may go on for a while, until all programs of the partner have the new one.
  alter table partners add column old_api_key_hash text unique, add column old_api_key_until timestamptz,
    add constraint old_api_key_ends check ((old_api_key_hash is null) = (old_api_key_until is null));

  alter table postback_attempts
    -- A redelivery is asked for, after the postback has ended.
    add column kind text not null default 'scheduled' check (kind in ('scheduled', 'redelivery')),
    -- As they were sent; null for attempts from before they were kept.
    add column headers jsonb;
`;

const DOWN = `
  alter table postback_attempts drop column headers, drop column kind;
  alter table partners drop column old_api_key_until, drop column old_api_key_hash;
`;

export const partnerSide: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
