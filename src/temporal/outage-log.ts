import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import type { Log } from '../log.ts';

export type OutageLog = {
  /** A lead was postponed for a reason that concerns all of them. The first time this is told at once. */
  noteFailure(failure: Failure): void;
  noteSuccess(): void;
  /** Tells what has become due to be told; to be called again and again. */
  tell(): void;
};

type Failure = { leadId: string; err: unknown };

type Outage = {
  beganAt: number;
  toldAt: number;
  /** The latest failure, and when it was met. */
  latest: Failure;
  failedAt: number;
  /** When a lead was first relayed after that; undefined while none was. */
  relayedAt: number | undefined;
  /** How often a lead was postponed, in all and since it was told last. */
  postponed: number;
  untold: number;
};

const GRPC_INVALID_ARGUMENT = 3;
const REMIND_MS = 30_000;
// Twice the longest time that a lead is postponed for: each of them has been tried again by then.
const QUIET_MS = 10_000;

/**
 * While Temporal is away each call fails for the same reason. Told are the beginning, each half a minute how often leads were
 * postponed meanwhile, and the end: a lead was relayed, and none has failed after it.
 */
export function createOutageLog(
  log: Pick<Log, 'info' | 'warn'>,
  now: () => number = () => performance.now(),
): OutageLog {
  let outage: Outage | undefined;

  return {
    noteFailure(latest) {
      const at = now();
      if (outage === undefined) {
        outage = { beganAt: at, toldAt: at, latest, failedAt: at, relayedAt: undefined, postponed: 1, untold: 0 };
        log.warn(latest, 'Temporal takes nothing from the relay; what it does not take stays owed.');
        return;
      }
      Object.assign(outage, { latest, failedAt: at, relayedAt: undefined });
      outage.postponed++;
      outage.untold++;
    },
    noteSuccess() {
      if (outage) outage.relayedAt ??= now();
    },
    tell() {
      if (outage === undefined) return;
      const { beganAt, toldAt, latest, failedAt, relayedAt, postponed, untold } = outage;
      const at = now();
      if (relayedAt !== undefined && at - failedAt >= QUIET_MS) {
        outage = undefined;
        const outageMs = Math.round(relayedAt - beganAt);
        log.info({ postponed, outageMs }, 'Temporal takes what leads owe again.');
      } else if (untold > 0 && at - toldAt >= REMIND_MS) {
        Object.assign(outage, { toldAt: at, untold: 0 });
        log.warn({ ...latest, postponed: untold }, 'Temporal still takes nothing from the relay, or not everything.');
      }
    },
  };
}

/**
 * Whether a call to a workflow failed for a reason that is Temporal's, so that calls to others fail as well; false when it
 * is what this call says. Temporal also blames the call for search attributes that it has not been told of yet.
 */
export function isTemporalsFault(error: unknown): boolean {
  if (error instanceof NamespaceNotFoundError) return true;
  const cause = error instanceof ServiceError ? error.cause : undefined;
  if (!isGrpcServiceError(cause)) return false;
  const { code, details }: { code: number; details: string } = cause;
  return code !== GRPC_INVALID_ARGUMENT || details.includes('search attribute');
}
