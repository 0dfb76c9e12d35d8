import type { Migration } from './migration.ts';

export const partnerConversions: Migration = {
  // A partner's conversions of which it was told, in the order in which they were made: their ids begin with their time.
  up: async (db) =>
    void (await db.raw('create index postbacks_by_conversion on postbacks (partner_id, conversion_id)')),
  down: async (db) => void (await db.raw('drop index postbacks_by_conversion')),
};
