import type { FraudFlagRow } from '../db/reports/fraud-flags.ts';
import { tellFlag } from '../domain/fraud-flag.ts';

/** A flag with its reason. */
export function viewFlag({ flag_id, at, kind, lead_id, conversion_id, partner_id, evidence }: FraudFlagRow) {
  return { flag_id, at, kind, lead_id, conversion_id, partner_id, reason: tellFlag(kind, evidence), evidence };
}
