import type { Knex } from 'knex';
import { readEndpoints, type OriginHealth } from '../db/endpoints/endpoints.ts';
import { readSigningSecrets } from '../db/keys/signing-secrets.ts';
import { listRefIdWarnings } from '../db/partners.ts';
import { readUnfilledRefIds } from '../db/reports/unfilled-ref-ids.ts';
import type { PartnerSigns } from './partner-warnings.ts';

// A link that was mended is soon no news any more.
const UNFILLED_DAYS = 7;

/** Reads what tells whether anything of a partner is broken. @param failingAfter so many failures of an endpoint in a row */
export async function readPartnerSigns(
  db: Knex,
  { partnerId, failingAfter }: { partnerId: string; failingAfter: number },
): Promise<PartnerSigns & { endpoints: OriginHealth[] }> {
  const [endpoints, secrets, refIds, unfilled] = await Promise.all([
    readEndpoints(db, partnerId, failingAfter),
    readSigningSecrets(db, partnerId),
    listRefIdWarnings(db, partnerId),
    readUnfilledRefIds(db, partnerId, { days: UNFILLED_DAYS }),
  ]);
  return { endpoints, hasSecret: secrets.length > 0, refIds, unfilled };
}
