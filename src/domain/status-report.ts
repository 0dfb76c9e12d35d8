import type { RawStatusCall } from './status-call.ts';
import { judgeTransition, type Status } from './status.ts';

/** Why a report changes nothing, whatever it is about. */
export type Unusable = 'unknown_word' | 'malformed' | 'ignored';

/** What became of a report: a status that was recorded or accepted late, one that changed nothing, or why it was refused. */
export type StatusResult =
  'recorded' | 'accepted_late' | 'duplicate' | 'stale' | 'window_closed' | 'unknown_conversion' | Unusable;

/** What somebody says became of a conversion: an advertiser by a call or a row of a file, or ops. */
export type StatusReport = {
  advertiserId: string;
  conversionId: string | null;
  /** What its word means. */
  meaning: Status | Unusable;
  reason: string | null;
  /** The advertiser's own id of the sale. */
  transactionId: string | null;
  /** Kept as it is, without secrets. */
  raw: RawStatusCall;
  source: 'call' | 'import' | 'ops';
  /** When it happened, as the advertiser says, ISO 8601; the window is judged by it. Null: when it is recorded. */
  eventAt: string | null;
  /** False: it is booked, and its partner is not told. */
  notify: boolean;
  /** The kept call that is judged again; null for one that is to be kept. */
  callId: number | null;
  /** True when it is accepted whatever its lead's window says. */
  isAcceptedLate: boolean;
};

/** What a report is judged by: where its conversion stands, and when its lead was last active. */
export type Judged = { status: Status | null; lastActivityMs: number };

/**
 * R7, R9: what becomes of a report.
 *
 * @param judged undefined when its advertiser has no such conversion
 * @param nowMs the time at which it is recorded; what is said to happen later happens then
 */
export function judgeReport(
  { meaning, eventAt, isAcceptedLate }: StatusReport,
  judged: Judged | undefined,
  { nowMs, windowMs }: { nowMs: number; windowMs: number },
): StatusResult {
  if (!isStatus(meaning)) return meaning;
  if (!judged) return 'unknown_conversion';
  const transition = judgeTransition(judged.status, meaning);
  if (transition !== 'recorded') return transition;
  if (isAcceptedLate) return 'accepted_late';
  const eventMs = Math.min(nowMs, eventAt === null ? nowMs : Date.parse(eventAt));
  return eventMs > judged.lastActivityMs + windowMs ? 'window_closed' : 'recorded';
}

/** True for what a conversion can become; false when the report changes nothing. */
export function isStatus(meaning: Status | Unusable): meaning is Status {
  return meaning === 'pending' || meaning === 'approved' || meaning === 'rejected';
}
