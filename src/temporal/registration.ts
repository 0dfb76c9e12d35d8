import { keepTrying } from '../keep-trying.ts';
import type { Log } from '../log.ts';
import { pauseUnlessAborted } from '../pause.ts';
import { runUntilStopped } from '../repeat-until-stopped.ts';
import { isRefusal, NamespaceMissingError, searchAttributesText } from './connect.ts';

export type RegistrationOptions = {
  /** Harmless when done before. */
  register: () => Promise<void>;
  /** After a failure; doubles up to `intervalMs`. */
  firstPauseMs: number;
  intervalMs: number;
  /** Says what fails; what is said of search attributes when it is left out. */
  onFailure?: (error: unknown) => void;
  log: Pick<Log, 'warn' | 'error'>;
};

/**
 * Registers something with Temporal, such as search attributes, not only once: a Temporal that has lost its store knows it
 * no more.
 */
export function keepRegistered(options: RegistrationOptions): { stop(): Promise<void> } {
  const { register, firstPauseMs, intervalMs: longestPauseMs, log } = options;
  const { onFailure = createFailureLog(log) } = options;
  return runUntilStopped(async (signal) => {
    while (!signal.aborted) {
      await keepTrying(register, { signal, firstPauseMs, longestPauseMs, onFailure });
      await pauseUnlessAborted(longestPauseMs, signal);
    }
  });
}

/** Leads cannot start before the attributes are there. Temporal Cloud, for one, never permits it: that is said once. */
function createFailureLog(log: RegistrationOptions['log']): (error: unknown) => void {
  let isRefusalSaid = false;
  return (err) => {
    if (err instanceof NamespaceMissingError) return log.error(err.message);
    if (!isRefusal(err)) {
      log.warn({ err }, 'Search attributes cannot be registered with Temporal; trying again.');
      return;
    }
    if (isRefusalSaid) return;
    isRefusalSaid = true;
    const message = 'Temporal does not permit registering search attributes; they must have been registered by hand';
    log.warn({ err }, `${message}: ${searchAttributesText}.`);
  };
}
