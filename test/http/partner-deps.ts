import type { Knex } from 'knex';
import type { PartnerDeps } from '../../src/http/partner/routes.ts';
import { createAddressRules } from '../../src/outbound/address-rules.ts';
import { createGuardedClient } from '../../src/outbound/guarded-client.ts';

/** What a partner's own API works with, over this database; of addresses that are not public it calls these ranges. */
export function partnerDeps(db: Knex, { allowCidrs = [] }: { allowCidrs?: string[] } = {}): PartnerDeps {
  const addressRules = createAddressRules({ allowCidrs });
  return {
    db,
    addressRules,
    client: createGuardedClient({ addressRules, timeoutMs: 5000 }),
    testsPerMinute: 10,
    failingAfter: 3,
  };
}
