export type Turns = {
  /** Whether a turn could begin at once. */
  isFree(): boolean;
  /** Does the work when its turn comes. */
  take<T>(work: () => Promise<T>): Promise<T>;
};

/**
 * Lets so many work at a time; the others wait in the order in which they came.
 *
 * @param atATime is asked whenever a turn begins or ends; turns that have begun are never cut off
 */
export function createTurns(atATime: () => number): Turns {
  let taken = 0;
  const waiting: (() => void)[] = [];
  return {
    isFree: () => taken < atATime(),
    async take(work) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        beginWaiting();
      });
      try {
        return await work();
      } finally {
        taken--;
        beginWaiting();
      }
    },
  };

  function beginWaiting(): void {
    while (waiting.length > 0 && taken < atATime()) {
      taken++;
      waiting.shift()?.();
    }
  }
}
