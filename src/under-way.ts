export type UnderWay = {
  /** Does the work, which is under way until it has ended, however that is. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when all that is under way now has ended; what begins later is not waited for. */
  allEnded(): Promise<void>;
};

type Work = { tellEnd: (() => void)[] };

/** Knows what is under way, for whoever has to wait until it has ended. */
export function createUnderWay(): UnderWay {
  const works = new Set<Work>();
  return {
    async run(work) {
      const own: Work = { tellEnd: [] };
      works.add(own);
      try {
        return await work();
      } finally {
        works.delete(own);
        for (const tell of own.tellEnd) tell();
      }
    },
    async allEnded() {
      await Promise.all([...works].map(({ tellEnd }) => new Promise<void>((resolve) => tellEnd.push(resolve))));
    },
  };
}
