import type { LeadPolicy } from '../../workflows/contract.ts';
import type { Config } from '../config.ts';
import { checkDb } from '../db/connect.ts';
import { keepTrying } from '../keep-trying.ts';
import type { Log } from '../log.ts';
import { pauseUnlessAborted } from '../pause.ts';
import { startRelay } from '../relay.ts';
import { startSweep } from '../sweep.ts';
import { checkTemporal } from '../temporal/check.ts';
import {
  connectTemporal,
  NamespaceMissingError,
  registerSearchAttributes,
  searchAttributesText,
} from '../temporal/connect.ts';
import { watchQueueDepth } from '../temporal/queue-depth.ts';
import { proveStartDelay } from '../temporal/start-delay.ts';
import { graceOf, type RoleDeps, type RunningRole } from './role.ts';

const FIRST_RETRY_MS = 1000;
const REGISTER_INTERVAL_MS = 60_000;
const REGISTER_TIMEOUT_MS = 3000;

/**
 * Relays committed events to Temporal, and registers the search attributes that leads are started with. Statuses do not
 * wait until Temporal has shown that leads may sleep.
 */
export function startRelayRole({ config, db, metrics, log }: RoleDeps): RunningRole {
  const client = connectTemporal(config.temporal.target);
  const { concurrency, clickConcurrency, leaseMs } = config.relay;
  const startDelay = proveStartDelay(client, log);
  const queue = watchQueueDepth(client);
  const relay = startRelay({
    db,
    client,
    policy: policyOf(config),
    mayStartAsleep: () => startDelay.isProven(),
    isQueueDeep: () => queue.isDeep(),
    concurrency,
    clickConcurrency,
    leaseMs,
    metrics,
    log,
  });
  const sweep = startSweep({ db, grace: graceOf(config), intervalMs: config.sweep.intervalMs, metrics, log });
  const register = () => client.withDeadline(Date.now() + REGISTER_TIMEOUT_MS, () => registerSearchAttributes(client));
  const stopping = new AbortController();
  const registering = registerAgainAndAgain();
  return {
    checkReady: async () => void (await Promise.all([checkTemporal(client), checkDb(db)])),
    async stop() {
      stopping.abort();
      await Promise.all([registering, startDelay.stop(), queue.stop(), sweep.stop(), relay.stop()]);
      await client.connection.close();
    },
  };

  /** Not only once: a Temporal that has lost its store knows them no more. */
  async function registerAgainAndAgain(): Promise<void> {
    const { signal } = stopping;
    while (!signal.aborted) {
      await keepTrying(register, {
        signal,
        firstPauseMs: FIRST_RETRY_MS,
        longestPauseMs: REGISTER_INTERVAL_MS,
        onFailure: (err) => warnUnregistered(err, log),
      });
      await pauseUnlessAborted(REGISTER_INTERVAL_MS, signal);
    }
  }
}

function policyOf({ leads, postbacks }: Config): LeadPolicy {
  return { windowMs: leads.windowMs, postbackAttempts: postbacks.attempts, postbackIntervalMs: postbacks.intervalMs };
}

/** Temporal Cloud, for one, never permits it; leads cannot start before the attributes are there. */
function warnUnregistered(err: unknown, log: Log): void {
  if (err instanceof NamespaceMissingError) return log.error(err.message);
  log.warn(
    { err },
    'Search attributes cannot be registered with Temporal yet; trying again. Where Temporal does not permit it, ' +
      `register them by hand and ignore this: ${searchAttributesText}.`,
  );
}
