import { pauseUnlessAborted } from './pause.ts';

export type Repeated = {
  /** May end early when `stopAsked` is aborted; it is waited for in any case. */
  work: (stopAsked: AbortSignal) => Promise<void>;
  pauseMs: number;
  /** `before`: the first work waits too, as that of processes which start together and take turns. */
  pause: 'before' | 'after';
  /** The work goes on with the next turn, whatever it was. */
  onFailure: (err: unknown) => void;
};

export type Repeating = {
  /** Begins no further work, and ends when the one under way has. */
  stop(): Promise<void>;
};

/** Does the work again and again, with a pause between, until it is stopped. */
export function repeatUntilStopped({ work, pauseMs, pause, onFailure }: Repeated): Repeating {
  return runUntilStopped(async (signal) => {
    if (pause === 'before') await pauseUnlessAborted(pauseMs, signal);
    while (!signal.aborted) {
      try {
        await work(signal);
      } catch (err) {
        onFailure(err);
      }
      await pauseUnlessAborted(pauseMs, signal);
    }
  });
}

/** Runs a loop of its own kind, which ends by itself once the signal is aborted. */
export function runUntilStopped(run: (stopAsked: AbortSignal) => Promise<void>): Repeating {
  const stopping = new AbortController();
  const running = run(stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
