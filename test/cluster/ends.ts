import { inTime, type Late } from '../../src/in-time.ts';

/** The ends that a trial waits for, each for so long; what hangs or fails does not keep it from going on. */
export type Ends = {
  /** Waits until the work has ended, or notes why it has not. @returns what it gave; undefined when it gave nothing in time */
  of<T>(who: string, work: (late: Late) => Promise<T>): Promise<T | undefined>;
  /** What has not ended, and what it said of that. */
  hanging: readonly string[];
};

export function createEnds(withinMs: number): Ends {
  const hanging: string[] = [];
  return {
    hanging,
    async of(who, work) {
      try {
        return await inTime(work, { withinMs, message: `not after ${Math.round(withinMs / 1000)} s` });
      } catch (error) {
        hanging.push(`${who} did not end: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      }
    },
  };
}
