import { judgeRefId, refIdProblems, type RefIdProblem } from './ref-id.ts';
import { statuses, type Status } from './status.ts';

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

// Postgres numbers events by an integer.
const MAX_SEQ = 2 ** 31 - 1;
const MAX_ID_LENGTH = 64;
const MAX_REASON_LENGTH = 500;
// What Postgres gives; a lead must not be held open for centuries by a slip of the hand.
const TIME = /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** True for what has exactly the shape of an event. Whoever may signal a workflow can send anything by hand. */
export function isLeadEvent(given: unknown): given is LeadEvent {
  if (typeof given !== 'object' || given === null) return false;
  const event = given as Record<string, unknown>;
  if (!isSeq(event['seq']) || !isTime(event['at'])) return false;
  switch (event['type']) {
    case 'touch':
      return isTouch(event);
    case 'conversion':
      return namesConversion(event);
    case 'status':
      return namesConversion(event) && isOneOf(statuses, event['status']) && isReason(event['reason']);
    default:
      return false;
  }
}

function isTouch({ partnerId, refId, refIdProblem }: Record<string, unknown>): boolean {
  const isUsable = refId === null || (typeof refId === 'string' && judgeRefId(refId).refId === refId);
  return isId(partnerId) && isUsable && (refIdProblem === null || isOneOf(refIdProblems, refIdProblem));
}

function namesConversion({ conversionId, offerId, advertiserId }: Record<string, unknown>): boolean {
  return [conversionId, offerId, advertiserId].every(isId);
}

function isSeq(seq: unknown): boolean {
  return Number.isInteger(seq) && Number(seq) >= 1 && Number(seq) <= MAX_SEQ;
}

function isTime(at: unknown): boolean {
  return typeof at === 'string' && TIME.test(at) && !Number.isNaN(Date.parse(at));
}

function isId(id: unknown): boolean {
  return typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH;
}

function isReason(reason: unknown): boolean {
  return reason === null || (typeof reason === 'string' && [...reason].length <= MAX_REASON_LENGTH);
}

function isOneOf(words: readonly string[], word: unknown): boolean {
  return words.some((known) => known === word);
}
