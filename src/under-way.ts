export type UnderWay = {
  /** Does the work, which is under way until it has ended, however that is. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
};

/** Counts what is under way, for whoever has to wait until all of it has ended. */
export function createUnderWay(): UnderWay {
  let count = 0;
  const waiting: (() => void)[] = [];
  return {
    async run(work) {
      count++;
      try {
        return await work();
      } finally {
        count--;
        if (count === 0) for (const resolve of waiting.splice(0)) resolve();
      }
    },
    async idle() {
      if (count > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
