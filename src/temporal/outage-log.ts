import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import type { Log } from '../log.ts';

export type OutageLog = {
  /**
   * A lead was postponed. The first that counts to an outage is told at once.
   * @returns whether it counts; false for what is to be told of this lead by itself
   */
  noteFailure(failure: Failure): boolean;
  noteSuccess(): void;
  /** Tells what has become due to be told; to be called again and again. */
  tell(): void;
};

type Failure = { leadId: string; err: unknown };

type Outage = {
  beganAt: number;
  toldAt: number;
  /** The latest failure that concerned all, and when it was met. */
  latest: Failure;
  failedAt: number;
  /** When a lead was first relayed after that; undefined while none was. */
  relayedAt: number | undefined;
  /** How often a lead was postponed, in all and since it was told last. */
  postponed: number;
  untold: number;
};

const GRPC_INVALID_ARGUMENT = 3;
const GRPC_PERMISSION_DENIED = 7;
const GRPC_UNAVAILABLE = 14;
const GRPC_UNAUTHENTICATED = 16;
const CODES_FOR_ALL = [GRPC_PERMISSION_DENIED, GRPC_UNAVAILABLE, GRPC_UNAUTHENTICATED];

const REMIND_MS = 30_000;
// So many leads do not fail at the same time for a reason of their own.
const SEVERAL = 3;

/**
 * While Temporal is away or slow, calls fail for the same reason. What may also be the fault of one lead concerns all when it
 * is met by several leads within `retriedInMs`. Told are the beginning, each half a minute how often leads were postponed
 * meanwhile, and the end: a lead was relayed, and nothing that concerns all was met for `retriedInMs`.
 *
 * @param retriedInMs a lead that failed has been tried again by then, and that call is over
 */
export function createOutageLog(
  log: Pick<Log, 'info' | 'warn'>,
  retriedInMs: number,
  now: () => number = () => performance.now(),
): OutageLog {
  let outage: Outage | undefined;
  /** Leads that failed lately for a reason that may be Temporal's, fewer than several. */
  let failedLately: { leadId: string; at: number }[] = [];

  return {
    noteFailure(latest) {
      const fault = faultOf(latest.err);
      if (fault === 'lead') return false;
      const at = now();
      const concernsAll = fault === 'temporal' || haveSeveralFailed(latest.leadId, at);
      if (outage === undefined && !concernsAll) return false;
      if (outage === undefined) {
        outage = { beganAt: at, toldAt: at, latest, failedAt: at, relayedAt: undefined, postponed: 1, untold: 0 };
        log.warn(latest, 'Temporal takes nothing from the relay, or not everything; what it does not take stays owed.');
        return true;
      }
      // One lead that goes on failing does not prolong it.
      if (concernsAll) Object.assign(outage, { latest, failedAt: at, relayedAt: undefined });
      outage.postponed++;
      outage.untold++;
      return true;
    },
    noteSuccess() {
      if (outage) outage.relayedAt ??= now();
    },
    tell() {
      if (outage === undefined) return;
      const { beganAt, toldAt, latest, failedAt, relayedAt, postponed, untold } = outage;
      const at = now();
      if (relayedAt !== undefined && at - failedAt >= retriedInMs) {
        outage = undefined;
        const outageMs = Math.round(relayedAt - beganAt);
        log.info({ postponed, outageMs }, 'Temporal takes what leads owe again.');
      } else if (untold > 0 && at - toldAt >= REMIND_MS) {
        Object.assign(outage, { toldAt: at, untold: 0 });
        log.warn({ ...latest, postponed: untold }, 'Temporal still takes nothing from the relay, or not everything.');
      }
    },
  };

  /** Counts a lead once, however often it fails, and then begins anew, so that one more cannot prolong what several began. */
  function haveSeveralFailed(leadId: string, at: number): boolean {
    const others = failedLately.filter((failed) => failed.leadId !== leadId && at - failed.at <= retriedInMs);
    const haveSeveral = others.length + 1 === SEVERAL;
    failedLately = haveSeveral ? [] : [...others, { leadId, at }];
    return haveSeveral;
  }
}

/**
 * Whose fault it is that a call to a workflow failed: Temporal's, so that calls to others fail as well, or that of what this
 * call says. Temporal also blames the call for search attributes that it has not been told of yet. It is unknown where
 * Temporal says the same in an outage and of one workflow that is busy, or of one message that is too large.
 */
function faultOf(error: unknown): 'temporal' | 'lead' | 'unknown' {
  if (error instanceof NamespaceNotFoundError) return 'temporal';
  const cause = error instanceof ServiceError ? error.cause : undefined;
  if (!isGrpcServiceError(cause)) return 'lead';
  const { code, details }: { code: number; details: string } = cause;
  if (code === GRPC_INVALID_ARGUMENT) return details.includes('search attribute') ? 'temporal' : 'lead';
  return CODES_FOR_ALL.includes(code) ? 'temporal' : 'unknown';
}
