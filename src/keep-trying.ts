import { pauseUnlessAborted } from './pause.ts';

export type KeepTryingOptions = {
  signal: AbortSignal;
  /** Doubles with each failure, as long as it does not pass `longestPauseMs`. */
  firstPauseMs: number;
  longestPauseMs: number;
  /** Ends the trying by throwing. */
  onFailure: (error: unknown, pauseMs: number) => void;
};

/**
 * Repeats until it succeeds once; the first time in any case, and not again when the signal has been aborted.
 *
 * @returns what the work returned, or undefined when the signal ended it
 */
export async function keepTrying<T>(
  work: () => Promise<T>,
  { signal, firstPauseMs, longestPauseMs, onFailure }: KeepTryingOptions,
): Promise<T | undefined> {
  let pauseMs = firstPauseMs;
  do {
    try {
      return await work();
    } catch (error) {
      onFailure(error, pauseMs);
      await pauseUnlessAborted(pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  } while (!signal.aborted);
  return undefined;
}
