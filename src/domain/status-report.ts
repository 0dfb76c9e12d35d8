import type { RawStatusCall } from './status-call.ts';
import { judgeTransition, type Status } from './status.ts';
import type { Understanding } from './vocabulary.ts';

/** Why a report changes nothing, whatever it is about. */
export type Unusable = 'unknown_word' | 'malformed' | 'ignored';

/** What became of a report: a status that was recorded or accepted late, one that changed nothing, or why it was refused. */
export type StatusResult =
  'recorded' | 'accepted_late' | 'duplicate' | 'stale' | 'window_closed' | 'unknown_conversion' | Unusable;

/** What a report is judged as, by what was understood of it. */
export function meaningOf(understood: Understanding): Status | Unusable {
  if (understood.kind === 'status') return understood.status;
  return understood.kind === 'ignore' ? 'ignored' : understood.result;
}

/** What somebody says became of a conversion: an advertiser by a call or a row of a file, or ops. */
export type StatusReport = {
  advertiserId: string;
  conversionId: string | null;
  /** The advertiser's word for the status, as it wrote it. */
  word: string | null;
  /** What its word means. */
  meaning: Status | Unusable;
  reason: string | null;
  /** The advertiser's own id of the sale. */
  transactionId: string | null;
  /** Kept as it is, without secrets. */
  raw: RawStatusCall;
  source: 'call' | 'import' | 'ops';
  /** Of a signed call: what tells it from every other one. The same again says nothing new. */
  signedAs?: string | undefined;
  /** The row of a file that it is, if it is one. A row is kept once. */
  importRow?: { importId: string; rowNumber: number };
  /**
   * When it happened, as the advertiser says, ISO 8601: the window is judged by it, and whether it is older than the
   * present decision. Null: when it is recorded.
   */
  eventAt: string | null;
  /** False: it is booked, and its partner is not told. */
  notify: boolean;
  /** The kept call that is judged again; null for one that is to be kept. */
  callId: number | null;
  /** When that call came, ISO 8601: it is judged by the window of that time. */
  cameAt?: string;
  /** True when it is accepted whatever its lead's window says. */
  isAcceptedLate: boolean;
  /** True for what an export only lists again, or said before the present decision: it corrects none. */
  isOutdated?: boolean;
};

/** What a report is judged by: where its conversion stands, when it began, and when its lead was last active. */
export type Judged = {
  status: Status | null;
  convertedMs: number;
  lastActivityMs: number;
  /** The latest call that brought a decision; only needed to judge a kept call again. */
  lastDecisionCallId?: number | undefined;
  /**
   * The latest moment that a decision was said to be of; only needed where a report names its own time and would
   * correct a decision.
   */
  decidedMs?: number | undefined;
};

// Clocks differ; what is said to happen a little later happens now.
const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;
const SECOND_MS = 1000;

/**
 * R7, R9: what becomes of a report.
 *
 * @param judged undefined when its advertiser has no such conversion
 * @param nowMs the time at which it is recorded; an event cannot be later, nor earlier than its conversion
 * @param isRepeated true for a signed call that has come before
 */
export function judgeReport(
  { meaning, source, eventAt, cameAt, callId, isAcceptedLate, isOutdated = false }: StatusReport,
  judged: Judged | undefined,
  { nowMs, windowMs, isRepeated = false }: { nowMs: number; windowMs: number; isRepeated?: boolean },
): StatusResult {
  if (!isStatus(meaning)) return meaning;
  if (!judged) return 'unknown_conversion';
  if (eventAt !== null && !isPossible(Date.parse(eventAt), judged, nowMs)) return 'malformed';
  const transition = judgeTransition(judged.status, meaning);
  if (transition !== 'recorded') return transition;
  // It was heard then, and something newer has been said since.
  if (isRepeated || (isOutdated && isDecision(judged.status))) return 'stale';
  if (isAcceptedLate) return 'accepted_late';
  const eventMs = momentOf({ eventAt, cameAt }, nowMs);
  if (isOlder({ callId, eventAt }, judged, eventMs)) return 'stale';
  if (eventMs <= judged.lastActivityMs + windowMs) return 'recorded';
  // Ops could accept it late all the same.
  return source === 'ops' ? 'accepted_late' : 'window_closed';
}

/**
 * Notes what became of a report, so that the next one on the same conversion is judged by it. What repeats a decision says
 * it once more, of a later moment.
 */
export function noteResult(
  judged: Judged,
  { report, result, nowMs }: { report: StatusReport; result: StatusResult; nowMs: number },
): void {
  const { meaning } = report;
  if (!isStatus(meaning) || !(hasRecorded(result) || result === 'duplicate')) return;
  judged.status = meaning;
  if (isDecision(meaning)) judged.decidedMs = Math.max(judged.decidedMs ?? 0, momentOf(report, nowMs));
}

/** True when the report became an event of its lead. */
export function hasRecorded(result: StatusResult): boolean {
  return result === 'recorded' || result === 'accepted_late';
}

/** When it happened, as far as is known; nothing happens later than now. */
function momentOf({ eventAt, cameAt }: Pick<StatusReport, 'eventAt' | 'cameAt'>, nowMs: number): number {
  const happenedAt = eventAt ?? cameAt;
  return happenedAt === undefined ? nowMs : Math.min(nowMs, Date.parse(happenedAt));
}

/** What was said before the present decision cannot correct it; nor what is said to have happened before. */
function isOlder(
  { callId, eventAt }: Pick<StatusReport, 'callId' | 'eventAt'>,
  { status, lastDecisionCallId = 0, decidedMs = 0 }: Judged,
  eventMs: number,
): boolean {
  if (!isDecision(status)) return false;
  return eventAt === null ? callId !== null && lastDecisionCallId > callId : endOf(eventMs) < decidedMs;
}

/** Most advertisers know the second and no more: then it may have been at any moment of it. */
function endOf(eventMs: number): number {
  return eventMs % SECOND_MS === 0 ? eventMs + SECOND_MS - 1 : eventMs;
}

/** True for what is no mere `pending`, which gives way to any decision. */
export function isDecision(status: Status | null | Unusable): status is 'approved' | 'rejected' {
  return status === 'approved' || status === 'rejected';
}

function isPossible(eventMs: number, { convertedMs }: Judged, nowMs: number): boolean {
  return eventMs <= nowMs + CLOCK_TOLERANCE_MS && eventMs >= convertedMs - CLOCK_TOLERANCE_MS;
}

/** True for what a conversion can become; false when the report changes nothing. */
export function isStatus(meaning: Status | Unusable): meaning is Status {
  return meaning === 'pending' || meaning === 'approved' || meaning === 'rejected';
}
