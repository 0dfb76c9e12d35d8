import type { Migration } from './migration.ts';

const UP = `
  -- Statuses may have URLs of their own: what one server answers says nothing about another one.
  alter table partner_endpoints add column origin text collate "C";
  update partner_endpoints e
    set origin = lower(split_part(p.postback->>'url', '/', 1) || '//' || split_part(p.postback->>'url', '/', 3))
    from partners p where p.partner_id = e.partner_id;
  delete from partner_endpoints where origin is null;
  alter table partner_endpoints drop constraint partner_endpoints_pkey, add primary key (partner_id, origin);
  drop index partner_endpoints_failing;
  create index partner_endpoints_failing on partner_endpoints (consecutive_failures, partner_id, origin)
    where consecutive_failures > 0;
`;

// Of each partner's endpoints the worst is kept.
const DOWN = `
  delete from partner_endpoints e using partner_endpoints o
    where o.partner_id = e.partner_id and (o.consecutive_failures, o.origin) > (e.consecutive_failures, e.origin);
  drop index partner_endpoints_failing;
  alter table partner_endpoints drop constraint partner_endpoints_pkey, drop column origin, add primary key (partner_id);
  create index partner_endpoints_failing on partner_endpoints (consecutive_failures, partner_id)
    where consecutive_failures > 0;
`;

export const endpointsByOrigin: Migration = {
  up: async (db) => void (await db.raw(UP)),
  down: async (db) => void (await db.raw(DOWN)),
};
