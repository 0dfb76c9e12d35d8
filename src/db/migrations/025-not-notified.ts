import type { Migration } from './migration.ts';

const UP = `
  -- A status that was booked without telling its partner.
  alter table postbacks drop constraint postbacks_skip_reason_check;
  alter table postbacks add constraint postbacks_skip_reason_check
    check (skip_reason in ('no_ref_id', 'not_configured', 'status_off', 'house', 'not_notified')) not valid;
`;

const DOWN = `
  alter table postbacks drop constraint postbacks_skip_reason_check;
  update postbacks set skip_reason = 'status_off' where skip_reason = 'not_notified';
  alter table postbacks add constraint postbacks_skip_reason_check
    check (skip_reason in ('no_ref_id', 'not_configured', 'status_off', 'house'));
`;

export const notNotified: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
