import type { RefIdProblem } from './ref-id.ts';
import type { Status } from './status.ts';

type Committed = {
  /** 1, 2, 3 … per lead, without gaps, in the order of commits. */
  seq: number;
  /** When the fact was written, just before its commit; ISO 8601 UTC. */
  at: string;
};

/** A visit through a partner's referral link. */
export type TouchEvent = Committed & {
  type: 'touch';
  partnerId: string;
  refId: string | null;
  /** Set when the visit carried a ref_id that cannot be used; postbacks are off for it. */
  refIdProblem: RefIdProblem | null;
};

/** An outbound click to an offer. */
export type ConversionEvent = Committed & {
  type: 'conversion';
  conversionId: string;
  offerId: string;
  advertiserId: string;
};

/** A status that intake judged as `recorded`. It names the offer so that it can be understood on its own. */
export type StatusEvent = Committed & {
  type: 'status';
  conversionId: string;
  offerId: string;
  advertiserId: string;
  status: Status;
  reason: string | null;
};

/** A committed fact about a lead: plain JSON, relayed at least once. */
export type LeadEvent = TouchEvent | ConversionEvent | StatusEvent;
