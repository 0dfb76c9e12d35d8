import { setTimeout as delay } from 'node:timers/promises';

export type KeepTryingOptions = {
  /** Doubles with each failure. */
  firstPauseMs: number;
  longestPauseMs: number;
  onFailure: (error: unknown, pauseMs: number) => void;
};

export type Trying = {
  /** Resolves with the first success or when it is stopped. */
  ended: Promise<void>;
  /** Lets the try under way end. */
  stop(): Promise<void>;
};

/** Repeats in the background until it succeeds once. */
export function keepTrying(
  work: () => Promise<void>,
  { firstPauseMs, longestPauseMs, onFailure }: KeepTryingOptions,
): Trying {
  const stopping = new AbortController();
  const ended = run();
  return {
    ended,
    async stop() {
      stopping.abort();
      await ended;
    },
  };

  async function run(): Promise<void> {
    for (let pauseMs = firstPauseMs; !stopping.signal.aborted; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await work();
      } catch (error) {
        onFailure(error, pauseMs);
        await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }
}
